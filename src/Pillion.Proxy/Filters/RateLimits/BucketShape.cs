namespace Pillion.Proxy.Filters.RateLimits;

/// <summary>
/// The size and pace of a token bucket, and how a token is taken. The whole state of a bucket is one number, the moment at which it will be full
/// again (the generic cell rate algorithm): one compare-exchange takes a token, on any thread, without a lock. No more pass in any span of time than the
/// burst and what came back meanwhile.
/// </summary>
internal readonly struct BucketShape
{
    /// <summary>Above it, moments would leave 64 bits.</summary>
    public static readonly TimeSpan LongestFill = TimeSpan.FromDays(36_500);

    private readonly long _token;
    private readonly long _depth;

    public BucketShape(RateConfig config)
    {
        // Rounded up: never more than the rate, by less than one part in a thousand of it at a million a second.
        var interval = (long)config.Interval.TotalNanoseconds;
        _token = Math.Max(1, (interval + config.Tokens - 1) / config.Tokens);
        _depth = _token * config.Burst;
        Burst = config.Burst;
    }

    public int Burst { get; }

    /// <summary>How long an empty bucket takes to be full.</summary>
    public static TimeSpan FillTime(int burst, int tokens, TimeSpan interval) => interval * ((double)burst / tokens);

    /// <summary>What <see cref="Taken"/> says of a bucket that will be full at this moment, nothing taken.</summary>
    public Taken Look(long full, long now)
    {
        var ahead = Math.Max(0, full - now);
        var left = _depth - ahead;
        return left < _token
            ? new Taken { Wait = _token - left, UntilFull = ahead, Limit = Burst }
            : new Taken { IsTaken = true, Remaining = left / _token, UntilFull = ahead, Limit = Burst };
    }

    /// <summary>Takes a token where there is one.</summary>
    /// <param name="full">The bucket.</param>
    public Taken Take(ref long full, long now)
    {
        var seen = Volatile.Read(ref full);
        while (true)
        {
            if (!TryNext(seen, now, out var next, out var taken))
            {
                return taken;
            }

            var found = Interlocked.CompareExchange(ref full, next, seen);
            if (found == seen)
            {
                return taken;
            }

            seen = found;
        }
    }

    /// <summary>The bucket's next state with one token less; false where there is none.</summary>
    public bool TryNext(long full, long now, out long next, out Taken taken)
    {
        next = Math.Max(full, now) + _token;
        if (next - now > _depth)
        {
            taken = Look(full, now);
            return false;
        }

        taken = new Taken { IsTaken = true, Remaining = (_depth - (next - now)) / _token, UntilFull = next - now, Limit = Burst };
        return true;
    }

    /// <summary>Puts a token back that was taken a moment ago, for a request that another bucket refused.</summary>
    public void GiveBack(ref long full) => Interlocked.Add(ref full, -_token);
}
