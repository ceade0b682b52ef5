namespace Pillion.Proxy.Filters.Jwt;

/// <summary>What was found about a request's token.</summary>
/// <param name="Cause">Why it is refused, in words that never hold the token.</param>
/// <param name="Wait">Ends when the provider's keys were looked for again: then it is worth asking once more.</param>
internal readonly record struct JwtResult(JwtOutcome Outcome, JwtProvider? Provider = null, string? Cause = null, Task? Wait = null)
{
    public bool IsAllowed => Outcome == JwtOutcome.Allowed;

    /// <summary>Of two failures the one that says more.</summary>
    public static JwtResult Farther(JwtResult one, JwtResult other) => one.Wait is not null || (other.Wait is null && one.Outcome >= other.Outcome) ? one : other;
}
