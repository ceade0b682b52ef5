namespace Pillion.Core.Signals.Metrics;

/// <summary>
/// The same samples in exponential buckets (Prometheus: native histogram, schema 3; OTLP: exponential histogram, scale 3): eight to each doubling, so that any
/// quantile is right within 5 %. Bucket i reaches from 2^((i-1)/8) seconds, exclusive, to 2^(i/8), inclusive. Written by one thread, read by any.
/// </summary>
internal sealed class NativeBuckets
{
    public const int Schema = 3;

    // From one microsecond to nine hours.
    public const int First = -160;
    public const int Count = 281;

    private readonly long[] _counts = new long[Count];
    private long _zeros;

    public void Record(long micros)
    {
        if (micros <= 0)
        {
            _zeros++;
            return;
        }

        _counts[Math.Clamp(Index(micros) - First, 0, Count - 1)]++;
    }

    public static int Index(long micros) => (int)Math.Ceiling(Math.Log2(micros / 1e6) * (1 << Schema));

    /// <summary>Adds these counts to a sum over loops.</summary>
    public void AddTo(long[] counts, ref long zeros)
    {
        for (var i = 0; i < Count; i++)
        {
            counts[i] += Volatile.Read(ref _counts[i]);
        }

        zeros += Volatile.Read(ref _zeros);
    }
}
