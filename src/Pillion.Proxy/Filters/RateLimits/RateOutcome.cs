namespace Pillion.Proxy.Filters.RateLimits;

/// <summary>What a rate limit said to a request, kept until its answer is written.</summary>
/// <param name="By">The filter that says it; null where none has.</param>
/// <param name="IsRefused">The answer is the refusal.</param>
internal readonly record struct RateOutcome(RateLimitFilter? By, Taken Taken, bool IsRefused);
