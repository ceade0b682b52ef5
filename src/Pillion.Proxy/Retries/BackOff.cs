using Pillion.Proxy.Configuration;

namespace Pillion.Proxy.Retries;

/// <summary>Envoy's full jitter: the n-th wait is drawn from [0, (2^n - 1) × base), at most the maximum.</summary>
internal static class BackOff
{
    public static TimeSpan Next(RetryConfig policy, int retry, Random random)
    {
        var span = policy.BackOff.Ticks * ((1L << Math.Min(retry, 20)) - 1);
        return TimeSpan.FromTicks((long)(random.NextDouble() * Math.Min(span, policy.MaxBackOff.Ticks)));
    }
}
