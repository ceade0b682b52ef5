namespace Pillion.Net.InMemory;

/// <summary>
/// One direction of a memory connection: a ring with one writer and one reader, which may be on different loops. Each side only moves its
/// own counter; the flags are only ever set. Whoever changes something tells the other side by a message to its loop.
/// </summary>
internal sealed class MemoryPipe(int capacity)
{
    private byte[]? _ring;
    private long _written;
    private long _read;
    private volatile bool _isEnded;
    private volatile bool _isReset;
    private volatile bool _isReaderClosed;

    /// <summary>How many bytes may be under way; fixed once the first was written.</summary>
    public int Capacity
    {
        get;
        set
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 1);
            if (_ring is not null)
            {
                throw new InvalidOperationException("the capacity is fixed once bytes were written");
            }

            field = value;
        }
    } = capacity;

    /// <summary>Bytes written so far, read or not.</summary>
    public long Written => Volatile.Read(ref _written);

    public int Available => (int)(Volatile.Read(ref _written) - Volatile.Read(ref _read));

    /// <summary>The writer will write no more; what is there can still be read.</summary>
    public bool IsEnded => _isEnded;

    /// <summary>The connection broke; what was written before can still be read, as with TCP.</summary>
    public bool IsReset => _isReset;

    /// <summary>The reader is gone: bytes written now are lost.</summary>
    public bool IsReaderClosed => _isReaderClosed;

    /// <summary>Copies in what fits and returns how much that was.</summary>
    public int Write(ReadOnlySpan<byte> bytes)
    {
        _ring ??= new byte[Capacity];
        var count = Math.Min(bytes.Length, _ring.Length - Available);
        var at = (int)(_written % _ring.Length);
        var first = Math.Min(count, _ring.Length - at);
        bytes[..first].CopyTo(_ring.AsSpan(at));
        bytes[first..count].CopyTo(_ring);
        Volatile.Write(ref _written, _written + count);
        return count;
    }

    /// <summary>Copies out what is there and fits, and returns how much that was.</summary>
    public int Read(Span<byte> destination)
    {
        var count = Math.Min(destination.Length, Available);
        if (count > 0)
        {
            var at = (int)(_read % _ring!.Length);
            var first = Math.Min(count, _ring.Length - at);
            _ring.AsSpan(at, first).CopyTo(destination);
            _ring.AsSpan(0, count - first).CopyTo(destination[first..]);
            Volatile.Write(ref _read, _read + count);
        }

        return count;
    }

    public void End() => _isEnded = true;

    public void Reset() => _isReset = true;

    public void CloseReader() => _isReaderClosed = true;
}
