namespace Pillion.Core.Signals.AccessLog;

/// <summary>
/// Lines on their way from one loop to the writer: a ring of bytes with one producer and one consumer, each of which moves its own end only,
/// so that neither ever waits for the other. A line that finds no room is the caller's to count.
/// </summary>
internal sealed class LineRing
{
    private readonly int _capacity;

    // Not before the first line: most listeners of an idle sidecar never write one.
    private byte[]? _bytes;

    // Bytes ever added and ever taken; their difference is what waits. Each is written by one side.
    private long _added;
    private long _taken;

    /// <param name="capacity">A power of two.</param>
    public LineRing(int capacity)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(System.Numerics.BitOperations.IsPow2(capacity), true);
        _capacity = capacity;
    }

    public int Capacity => _capacity;

    /// <summary>Bytes that wait.</summary>
    public int Waiting => (int)(Volatile.Read(ref _added) - Volatile.Read(ref _taken));

    /// <summary>Producer: adds a line whole or not at all.</summary>
    public bool TryAdd(ReadOnlySpan<byte> line)
    {
        var added = _added;
        if (line.Length > _capacity - (int)(added - Volatile.Read(ref _taken)))
        {
            return false;
        }

        var bytes = _bytes;
        if (bytes is null)
        {
            bytes = GC.AllocateUninitializedArray<byte>(_capacity);
            Volatile.Write(ref _bytes, bytes);
        }

        var start = (int)(added & (_capacity - 1));
        var first = Math.Min(line.Length, _capacity - start);
        line[..first].CopyTo(bytes.AsSpan(start));
        line[first..].CopyTo(bytes);

        // Last: the consumer must not see a line before its bytes.
        Volatile.Write(ref _added, added + line.Length);
        return true;
    }

    /// <summary>Consumer: what waits, in two pieces where the ring's end divides it. Whole lines only; valid until <see cref="Take"/>.</summary>
    public (ReadOnlyMemory<byte> First, ReadOnlyMemory<byte> Second) Peek()
    {
        var waiting = (int)(Volatile.Read(ref _added) - _taken);
        if (waiting == 0)
        {
            return default;
        }

        var bytes = Volatile.Read(ref _bytes)!;
        var start = (int)(_taken & (_capacity - 1));
        var first = Math.Min(waiting, _capacity - start);
        return (bytes.AsMemory(start, first), bytes.AsMemory(0, waiting - first));
    }

    public void Take(int bytes) => Volatile.Write(ref _taken, _taken + bytes);
}
