namespace Pillion.Proxy.Filters.Jwt;

/// <summary>What became of a token. The later ones got farther: of several that failed, the farthest is told.</summary>
internal enum JwtOutcome
{
    Allowed,
    Missing,
    Malformed,
    UnsupportedAlgorithm,
    WrongIssuer,
    NoKeys,
    UnknownKey,
    BadSignature,
    Expired,
    NotYetValid,
    LivesTooLong,
    WrongAudience,
}

/// <summary>The outcomes as words of verdicts and metrics.</summary>
internal static class JwtOutcomes
{
    /// <summary>A request passed without a good token, because it may.</summary>
    public const string Anonymous = "anonymous";

    public const string Missing = "missing";

    private static readonly string[] Words =
        ["allowed", Missing, "malformed", "unsupported_algorithm", "wrong_issuer", "no_keys", "unknown_key", "bad_signature", "expired", "not_yet_valid", "lives_too_long", "wrong_audience"];

    public static string Word(JwtOutcome outcome) => Words[(int)outcome];
}
