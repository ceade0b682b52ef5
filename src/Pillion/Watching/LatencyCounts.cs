using System.Numerics;

namespace Pillion.Watching;

/// <summary>How long requests took, in eight steps per doubling: what is read from it is at most an eighth too long. Written by one thread, read by any.</summary>
internal sealed class LatencyCounts
{
    // Up to 2^36 µs, 19 hours.
    public const int Steps = 34 * 8;

    private readonly long[] _counts = new long[Steps];

    public void Record(long micros) => _counts[Step(Math.Max(0, micros))]++;

    public void AddTo(Span<long> sum)
    {
        for (var i = 0; i < Steps; i++)
        {
            sum[i] += Volatile.Read(ref _counts[i]);
        }
    }

    /// <summary>The time within which this share of the samples ended, in microseconds.</summary>
    public static long Quantile(ReadOnlySpan<long> counts, double share)
    {
        long all = 0;
        foreach (var count in counts)
        {
            all += count;
        }

        var rank = Math.Max(1, (long)Math.Ceiling(share * all));
        long below = 0;
        for (var i = 0; i < counts.Length && all > 0; i++)
        {
            below += counts[i];
            if (below >= rank)
            {
                return Upper(i);
            }
        }

        return 0;
    }

    // The first eight are the numbers themselves; then the three bits behind the highest one tell the step.
    private static int Step(long micros)
    {
        if (micros < 8)
        {
            return (int)micros;
        }

        var octave = BitOperations.Log2((ulong)micros) - 3;
        return Math.Min(Steps - 1, ((octave + 1) * 8) + (int)((micros >> octave) & 7));
    }

    private static long Upper(int step) => step < 8 ? step : ((8L + (step % 8) + 1) << ((step / 8) - 1)) - 1;
}
