namespace Pillion.Core.Signals.Otlp;

/// <summary>What a collector made of a batch.</summary>
internal enum OtlpOutcome : byte
{
    Accepted,

    /// <summary>Nobody took it, or not now: it may be sent again.</summary>
    Unavailable,

    /// <summary>It will never be taken.</summary>
    Refused,
}

/// <param name="Problem">Why not, in words.</param>
/// <param name="Rejected">Items of an accepted batch that were not taken (partial_success).</param>
/// <param name="RetryAfter">How long the collector wants to be left alone; zero where it does not say.</param>
internal readonly record struct OtlpAnswer(OtlpOutcome Outcome, string? Problem = null, long Rejected = 0, TimeSpan RetryAfter = default);
