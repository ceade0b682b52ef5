using Pillion.Core.Signals.Tracing;

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

    // Made with the first sample, and with the first that is traced: most histograms of a configuration never see one.
    private NativeBuckets? _native;
    private Exemplars? _exemplars;

    public static ReadOnlySpan<long> Bounds => UpperBounds;

    public void Record(long micros) => Record(micros, default, 0);

    /// <param name="trace">Where it is recorded, the sample is the bucket's example.</param>
    public void Record(long micros, in TracePosition trace, long utcTicks)
    {
        // From the bottom: nearly every sample ends in one of the first buckets.
        var bucket = 0;
        while (bucket < UpperBounds.Length && micros > UpperBounds[bucket])
        {
            bucket++;
        }

        _counts[bucket]++;
        _sumMicros += micros;
        (_native ??= new NativeBuckets()).Record(micros);
        if (trace.IsRecorded)
        {
            (_exemplars ??= new Exemplars(_counts.Length)).Set(bucket, micros, trace, utcTicks);
        }
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

    /// <summary>Adds the exponential buckets to a sum over loops.</summary>
    public void AddNativeTo(long[] counts, ref long zeros) => Volatile.Read(ref _native)?.AddTo(counts, ref zeros);

    /// <summary>Keeps, for each bucket, the newer exemplar.</summary>
    public void AddTo(ref Exemplar[]? newest)
    {
        if (Volatile.Read(ref _exemplars) is not { } exemplars)
        {
            return;
        }

        newest ??= new Exemplar[_counts.Length];
        for (var i = 0; i < newest.Length; i++)
        {
            newest[i] = exemplars.Newer(i, newest[i]);
        }
    }
}
