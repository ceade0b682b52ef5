using System.Text;

namespace Pillion.Core.Signals;

/// <summary>A few bytes of text that are overwritten in place; what is longer is cut and says so.</summary>
internal sealed class BoundedText(int capacity)
{
    // Grown on use: most records never need their full room.
    private byte[] _bytes = [];
    private int _length;

    public bool IsCut { get; private set; }

    public ReadOnlySpan<byte> Span => _bytes.AsSpan(0, _length);

    public bool IsEmpty => _length == 0;

    public void Set(ReadOnlySpan<byte> text)
    {
        _length = Math.Min(text.Length, capacity);
        IsCut = text.Length > capacity;
        if (_bytes.Length < _length)
        {
            _bytes = new byte[Math.Min(capacity, Math.Max(16, (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)_length)))];
        }

        text[.._length].CopyTo(_bytes);
    }

    public void Set(BoundedText other)
    {
        Set(other.Span);
        IsCut = other.IsCut;
    }

    public void Clear()
    {
        _length = 0;
        IsCut = false;
    }

    public override string ToString() => Encoding.UTF8.GetString(Span);
}
