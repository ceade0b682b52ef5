using Pillion.Proxy.Configuration;

namespace Pillion.Proxy.Retries;

/// <summary>How long to wait before a further try.</summary>
internal static class BackOff
{
    /// <summary>Envoy's full jitter: the n-th wait is drawn from [0, (2^n - 1) × base), at most the maximum.</summary>
    public static TimeSpan Next(RetryConfig policy, int retry, Random random)
    {
        var span = policy.BackOff.Ticks * ((1L << Math.Min(retry, 20)) - 1);
        return TimeSpan.FromTicks((long)(random.NextDouble() * Math.Min(span, policy.MaxBackOff.Ticks)));
    }

    /// <summary>Never sooner than an answer asked for, and up to half as long again, so that those who were told the same do not come back together (Envoy).</summary>
    public static TimeSpan AsTold(TimeSpan wait, Random random) => wait * (1 + (random.NextDouble() / 2));
}
