namespace Pillion.Core.Signals.Metrics;

/// <summary>How long things took, in Envoy's buckets. Written by one thread, read by any: a scrape may see a sample a moment late.</summary>
internal sealed class DurationHistogram
{
    /// <summary>Upper bounds in microseconds, inclusive; Envoy's default buckets (there in milliseconds).</summary>
    private static readonly long[] UpperBounds =
    [
        500, 1_000, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000, 10_000_000, 30_000_000,
        60_000_000, 300_000_000, 600_000_000, 1_800_000_000, 3_600_000_000,
    ];

    private readonly long[] _counts = new long[UpperBounds.Length + 1];
    private long _sumMicros;

    public static ReadOnlySpan<long> Bounds => UpperBounds;

    public void Record(long micros)
    {
        // From the bottom: nearly every sample ends in one of the first buckets.
        var bucket = 0;
        while (bucket < UpperBounds.Length && micros > UpperBounds[bucket])
        {
            bucket++;
        }

        _counts[bucket]++;
        _sumMicros += micros;
    }

    /// <summary>Adds this histogram's buckets (not yet cumulative, the last one is the rest) to a sum over loops.</summary>
    public void AddTo(Span<long> counts, ref long sumMicros)
    {
        for (var i = 0; i < _counts.Length; i++)
        {
            counts[i] += Volatile.Read(ref _counts[i]);
        }

        sumMicros += Volatile.Read(ref _sumMicros);
    }
}
