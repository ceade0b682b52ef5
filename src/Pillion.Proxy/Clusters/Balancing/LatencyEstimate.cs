namespace Pillion.Proxy.Clusters.Balancing;

/// <summary>
/// An average of durations that weighs old ones less and less, and jumps to a new one that is longer (peak EWMA). Value and time are one word, so that loops
/// can write it without a lock. Nobody asked for a long time: it falls towards zero, and the endpoint is tried again.
/// </summary>
internal sealed class LatencyEstimate(TimeSpan seed, TimeSpan decay)
{
    private readonly float _seed = (float)seed.TotalMicroseconds;
    private readonly double _decay = decay.TotalMilliseconds;

    /// <summary>In microseconds.</summary>
    /// <param name="now">In milliseconds.</param>
    public double Read(ref long cell, long now) => Faded(Begun(ref cell, now), now);

    public void Add(ref long cell, long micros, long now)
    {
        while (true)
        {
            var packed = Begun(ref cell, now);
            var kept = Faded(packed, now);
            var next = micros >= Micros(packed) ? micros : kept + (micros * (1 - Math.Exp(-Elapsed(packed, now) / _decay)));
            if (Interlocked.CompareExchange(ref cell, Pack((float)next, now), packed) == packed)
            {
                return;
            }
        }
    }

    // The first look at an endpoint begins its time: from then on the seed, which is a guess, fades too.
    private long Begun(ref long cell, long now)
    {
        var packed = Volatile.Read(ref cell);
        if (packed != 0)
        {
            return packed;
        }

        var seeded = Pack(_seed, now);
        var before = Interlocked.CompareExchange(ref cell, seeded, 0);
        return before == 0 ? seeded : before;
    }

    private double Faded(long packed, long now) => Micros(packed) * Math.Exp(-Elapsed(packed, now) / _decay);

    private static double Micros(long packed) => BitConverter.Int32BitsToSingle((int)(packed >> 32));

    // 32 bits of milliseconds come round after seven weeks; what is older has faded long before. Another loop's clock may be a moment ahead.
    private static double Elapsed(long packed, long now)
    {
        var elapsed = unchecked((uint)now - (uint)packed);
        return elapsed > int.MaxValue ? 0 : elapsed;
    }

    // Never 0, which is nothing yet.
    private static long Pack(float micros, long now) => ((long)BitConverter.SingleToInt32Bits(Math.Max(1, micros)) << 32) | unchecked((uint)now);
}
