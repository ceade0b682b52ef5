namespace Pillion.Core.Identity.Secrets;

/// <summary>Why files make no secret: what is wrong, with the file, and what to do.</summary>
/// <param name="MayPass">The files may be in the middle of a change, one replaced and another not yet: worth another look before anybody is told.</param>
internal sealed record SecretFault(string Problem, string Remedy, bool MayPass = false)
{
    public override string ToString() => $"{Problem}; {Remedy}";
}
