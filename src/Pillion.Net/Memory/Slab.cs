namespace Pillion.Net.Memory;

/// <summary>
/// A piece of native memory with a filled part in the middle: bytes are added at its end and consumed at its start. It belongs to one loop
/// and goes back to that loop's pool; a connection that waits holds none.
/// </summary>
internal sealed unsafe class Slab
{
    private readonly byte* _memory;

    internal Slab(byte* memory, int capacity, int sizeClass)
    {
        _memory = memory;
        Capacity = capacity;
        SizeClass = sizeClass;
    }

    public int Capacity { get; }

    /// <summary>Filled bytes.</summary>
    public int Length => End - Start;

    public bool IsEmpty => End == Start;

    /// <summary>Where the filled part starts.</summary>
    public int Start { get; private set; }

    /// <summary>Where the filled part ends.</summary>
    public int End { get; private set; }

    public Span<byte> Filled => new(_memory + Start, End - Start);

    public Span<byte> Free => new(_memory + End, Capacity - End);

    internal byte* Memory => _memory;

    internal int SizeClass { get; }

    internal Slab? NextFree { get; set; }

    internal bool IsRented { get; set; }

    /// <summary>Counts bytes that were written into <see cref="Free"/>.</summary>
    public void Advance(int count)
    {
        if ((uint)count > (uint)(Capacity - End))
        {
            throw new ArgumentOutOfRangeException(nameof(count));
        }

        End += count;
    }

    /// <summary>Drops bytes at the start; an emptied slab starts again at its beginning.</summary>
    public void Consume(int count)
    {
        if ((uint)count > (uint)(End - Start))
        {
            throw new ArgumentOutOfRangeException(nameof(count));
        }

        Start += count;
        if (Start == End)
        {
            Start = End = 0;
        }
    }

    /// <summary>Copies bytes in; false when they do not fit (then nothing is copied).</summary>
    public bool TryAppend(ReadOnlySpan<byte> bytes)
    {
        if (!bytes.TryCopyTo(Free))
        {
            return false;
        }

        End += bytes.Length;
        return true;
    }

    /// <summary>Moves the filled part to the beginning, to make room behind it.</summary>
    public void Compact()
    {
        if (Start > 0)
        {
            Filled.CopyTo(new Span<byte>(_memory, Capacity));
            End -= Start;
            Start = 0;
        }
    }

    public void Clear() => Start = End = 0;
}
