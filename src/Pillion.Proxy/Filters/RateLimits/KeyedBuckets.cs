using System.Numerics;

namespace Pillion.Proxy.Filters.RateLimits;

/// <summary>
/// A bucket for each key, in a table of fixed size without locks or allocation. A bucket that is full again remembers nothing, so its place is given to
/// another key and nobody can tell; only where all places of a key are taken by buckets in use does the key share one with others of that fate.
/// </summary>
/// <remarks>
/// A place changes hands by setting its moment to <see cref="Moving"/>, which only one thread can do and which no token can be taken from. Moments
/// of a place only grow, so that a compare-exchange which was begun for the key before fails.
/// </remarks>
internal sealed class KeyedBuckets : Buckets
{
    private const int Ways = 16;
    private const int MaxTries = 16;
    private const long Moving = long.MaxValue;

    private readonly BucketShape _shape;
    private readonly Place[] _places;
    private readonly int _setMask;
    private long _overflow;

    /// <param name="keys">Room for at least so many, twice of it being kept: keys do not spread evenly.</param>
    public KeyedBuckets(BucketShape shape, int keys)
    {
        _shape = shape;
        var sets = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(1, keys * 2L / Ways));
        _setMask = sets - 1;
        _places = new Place[sets * Ways];
    }

    public override Taken Take(ulong key, long now)
    {
        // 0 marks a place that nobody had yet.
        var wanted = key == 0 ? 1 : (long)key;
        var first = (int)((key >> 32) & (uint)_setMask) * Ways;
        var places = _places.AsSpan(first, Ways);
        for (var tries = 0; tries < MaxTries; tries++)
        {
            var found = Find(places, wanted);
            var (isDone, taken) = found >= 0 ? TakeFrom(ref places[found], wanted, now) : TakePlace(places, wanted, now, out found);
            if (isDone)
            {
                taken.Place = first + found;
                return taken;
            }

            if (found < 0)
            {
                break;
            }

            // Another thread is taking the place, a matter of nanoseconds unless it was interrupted there.
            Thread.SpinWait(16);
        }

        var shared = _shape.Take(ref _overflow, now);
        shared.IsOverflow = true;
        shared.Place = -1;
        return shared;
    }

    public override void GiveBack(in Taken taken) => _shape.GiveBack(ref taken.Place < 0 ? ref _overflow : ref _places[taken.Place].Full);

    private static int Find(Span<Place> places, long key)
    {
        for (var i = 0; i < places.Length; i++)
        {
            if (Volatile.Read(ref places[i].Key) == key)
            {
                return i;
            }
        }

        return -1;
    }

    private (bool IsDone, Taken Taken) TakeFrom(ref Place place, long key, long now)
    {
        while (true)
        {
            // The moment first, then whose it is: a place that changed hands in between has a later moment, and the exchange fails.
            var seen = Volatile.Read(ref place.Full);
            if (seen == Moving || Volatile.Read(ref place.Key) != key)
            {
                return default;
            }

            if (!_shape.TryNext(seen, now, out var next, out var taken) || Interlocked.CompareExchange(ref place.Full, next, seen) == seen)
            {
                return (true, taken);
            }
        }
    }

    // Not done: the found place says whether another try is worth it.
    private (bool IsDone, Taken Taken) TakePlace(Span<Place> places, long key, long now, out int found)
    {
        found = Oldest(places, now);
        if (found < 0)
        {
            return default;
        }

        ref var place = ref places[found];
        var full = Volatile.Read(ref place.Full);
        if (full >= now || Interlocked.CompareExchange(ref place.Full, Moving, full) != full)
        {
            return default;
        }

        Interlocked.Exchange(ref place.Key, key);
        for (var i = 0; i < places.Length; i++)
        {
            if (i != found && Volatile.Read(ref places[i].Key) == key)
            {
                // Two threads met the same new key: who comes second, perhaps both, lets go. A key never has two buckets.
                Interlocked.Exchange(ref place.Key, 0);
                Volatile.Write(ref place.Full, full + 1);
                return default;
            }
        }

        _shape.TryNext(now, now, out var next, out var taken);
        Volatile.Write(ref place.Full, next);
        return (true, taken);
    }

    // The bucket that has been full for the longest; -1 where all are in use.
    private static int Oldest(Span<Place> places, long now)
    {
        var oldest = -1;
        var least = now;
        for (var i = 0; i < places.Length; i++)
        {
            var full = Volatile.Read(ref places[i].Full);
            if (full < least)
            {
                least = full;
                oldest = i;
            }
        }

        return oldest;
    }

    private struct Place
    {
        public long Key;
        public long Full;
    }
}
