namespace Pillion.Capture;

/// <summary>The rules that are in the kernel, with how many connections met them.</summary>
/// <param name="Text">The rules as their program prints them; null where there are none.</param>
/// <param name="Outbound">Connections redirected on their way out.</param>
/// <param name="Inbound">Connections redirected on their way in.</param>
/// <param name="Own">Connections of the sidecar itself that passed by.</param>
/// <param name="Mistake">Why they cannot be told.</param>
internal sealed record InstalledRules(string? Text, long Outbound = 0, long Inbound = 0, long Own = 0, string? Mistake = null)
{
    public static readonly InstalledRules None = new(Text: null);
}
