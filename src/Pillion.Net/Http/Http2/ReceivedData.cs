using Pillion.Net.Memory;

namespace Pillion.Net.Http.Http2;

/// <summary>
/// The DATA of one stream that was received and not consumed, in slabs; the stream's window bounds it. The first slab may be with whoever
/// consumes it: nothing is added to that one.
/// </summary>
internal sealed class ReceivedData
{
    private Slab?[] _slabs = new Slab?[2];
    private int _first;
    private int _count;
    private int _handedOut;

    /// <summary>There is something that was not handed out yet.</summary>
    public bool HasMore => _count > (_handedOut > 0 ? 1 : 0);

    public void Add(SlabPool slabs, ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var last = HasMore ? _slabs[(_first + _count - 1) & (_slabs.Length - 1)]! : null;
            if (last is null || last.Free.IsEmpty)
            {
                // Behind a slab that is full already, more of the same is likely.
                last = slabs.Rent(_count == 0 ? bytes.Length : Math.Max(bytes.Length, SlabPool.Medium));
                Append(last);
            }

            var part = bytes[..Math.Min(bytes.Length, last.Free.Length)];
            last.TryAppend(part);
            bytes = bytes[part.Length..];
        }
    }

    /// <summary>Hands out the next piece, all that is in one slab.</summary>
    public Slab Take(out int count)
    {
        var slab = _slabs[_first]!;
        _handedOut = count = slab.Length;
        return slab;
    }

    /// <summary>Takes back what was handed out last, which is consumed by now, and returns how much that was.</summary>
    public int Settle(SlabPool slabs)
    {
        var consumed = _handedOut;
        if (consumed > 0)
        {
            _handedOut = 0;
            DropFirst(slabs);
        }

        return consumed;
    }

    /// <summary>Drops what was not handed out and returns how many bytes that was; what was handed out is still in use.</summary>
    public int DropRest(SlabPool slabs)
    {
        var dropped = 0;
        while (HasMore)
        {
            var last = (_first + --_count) & (_slabs.Length - 1);
            dropped += _slabs[last]!.Length;
            slabs.Return(_slabs[last]!);
            _slabs[last] = null;
        }

        return dropped;
    }

    /// <summary>Drops everything and returns how many bytes that was: nobody uses any of it.</summary>
    public int Clear(SlabPool slabs) => Settle(slabs) + DropRest(slabs);

    private void DropFirst(SlabPool slabs)
    {
        slabs.Return(_slabs[_first]!);
        _slabs[_first] = null;
        _first = (_first + 1) & (_slabs.Length - 1);
        _count--;
    }

    private void Append(Slab slab)
    {
        if (_count == _slabs.Length)
        {
            var larger = new Slab?[_slabs.Length * 2];
            for (var i = 0; i < _count; i++)
            {
                larger[i] = _slabs[(_first + i) & (_slabs.Length - 1)];
            }

            _slabs = larger;
            _first = 0;
        }

        _slabs[(_first + _count++) & (_slabs.Length - 1)] = slab;
    }
}
