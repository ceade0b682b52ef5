using System.Diagnostics.CodeAnalysis;

namespace Pillion.Net.Http.Http2;

/// <summary>The open streams of a connection by their number. Numbers come one after the other, so half of one is a good hash of it.</summary>
internal sealed class StreamTable
{
    private const int FirstSlots = 8;

    // Open addressing with linear probing; a power of two, at most half full.
    private Http2Stream?[] _slots = [];

    public int Count { get; private set; }

    /// <summary>The streams and, between them, nothing.</summary>
    public ReadOnlySpan<Http2Stream?> All => _slots;

    public bool TryFind(int id, [NotNullWhen(true)] out Http2Stream? stream)
    {
        if (Count > 0)
        {
            var mask = _slots.Length - 1;
            for (var slot = (id >> 1) & mask; _slots[slot] is { } found; slot = (slot + 1) & mask)
            {
                if (found.Id == id)
                {
                    stream = found;
                    return true;
                }
            }
        }

        stream = null;
        return false;
    }

    public void Add(Http2Stream stream)
    {
        if (Count * 2 >= _slots.Length)
        {
            Grow();
        }

        Place(stream);
        Count++;
    }

    public void Remove(Http2Stream stream)
    {
        var mask = _slots.Length - 1;
        var hole = (stream.Id >> 1) & mask;
        while (!ReferenceEquals(_slots[hole], stream))
        {
            if (_slots[hole] is null)
            {
                return;
            }

            hole = (hole + 1) & mask;
        }

        Count--;

        // Those behind that would no longer be found move up.
        for (var next = (hole + 1) & mask; _slots[next] is { } moved; next = (next + 1) & mask)
        {
            var home = (moved.Id >> 1) & mask;
            if (((next - home) & mask) >= ((next - hole) & mask))
            {
                _slots[hole] = moved;
                hole = next;
            }
        }

        _slots[hole] = null;
    }

    /// <summary>Copies the streams out, so that each may be removed while they are walked; returns their number.</summary>
    public int CopyTo([NotNull] ref Http2Stream?[]? streams)
    {
        if (streams is null || streams.Length < Count)
        {
            streams = new Http2Stream[Math.Max(FirstSlots, Count * 2)];
        }

        var count = 0;
        foreach (var stream in _slots)
        {
            if (stream is not null)
            {
                streams[count++] = stream;
            }
        }

        return count;
    }

    private void Grow()
    {
        var old = _slots;
        _slots = new Http2Stream?[Math.Max(FirstSlots, old.Length * 2)];
        foreach (var stream in old)
        {
            if (stream is not null)
            {
                Place(stream);
            }
        }
    }

    private void Place(Http2Stream stream)
    {
        var mask = _slots.Length - 1;
        var slot = (stream.Id >> 1) & mask;
        while (_slots[slot] is not null)
        {
            slot = (slot + 1) & mask;
        }

        _slots[slot] = stream;
    }
}
