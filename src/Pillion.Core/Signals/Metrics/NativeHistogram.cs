namespace Pillion.Core.Signals.Metrics;

/// <summary>The exponential buckets of one series at one moment.</summary>
/// <param name="Counts">From <see cref="NativeBuckets.First"/> on.</param>
internal sealed record NativeHistogram(long[] Counts, long Zeros)
{
    public long Samples => Counts.Sum() + Zeros;
}
