namespace Pillion.Proxy.Filters.RateLimits;

/// <summary>Nanoseconds since the buckets were made, the same for all loops.</summary>
internal sealed class RateClock(TimeProvider time)
{
    private const long Nanos = 1_000_000_000;

    private readonly long _epoch = time.GetTimestamp();
    private readonly long _frequency = time.TimestampFrequency;

    public long Now
    {
        get
        {
            var passed = time.GetTimestamp() - _epoch;

            // From 1 on: 0 is the moment at which an unused bucket was last full.
            return 1 + (_frequency == Nanos ? passed : (passed / _frequency * Nanos) + (passed % _frequency * Nanos / _frequency));
        }
    }
}
