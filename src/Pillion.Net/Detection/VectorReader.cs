using System.Buffers.Binary;

namespace Pillion.Net.Detection;

/// <summary>Reads the presentation language of TLS (RFC 8446 §3): numbers, and vectors behind their length.</summary>
internal ref struct VectorReader(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> _rest = bytes;

    public readonly bool IsAtEnd => _rest.IsEmpty;

    public bool TryReadByte(out byte value)
    {
        value = 0;
        if (_rest.IsEmpty)
        {
            return false;
        }

        value = _rest[0];
        _rest = _rest[1..];
        return true;
    }

    public bool TryReadUInt16(out ushort value)
    {
        if (!BinaryPrimitives.TryReadUInt16BigEndian(_rest, out value))
        {
            return false;
        }

        _rest = _rest[2..];
        return true;
    }

    public bool TrySkip(int count) => TryTake(count, out _);

    /// <summary>A vector behind one byte of length.</summary>
    public bool TryReadVector8(out ReadOnlySpan<byte> vector)
    {
        vector = default;
        return TryReadByte(out var length) && TryTake(length, out vector);
    }

    /// <summary>A vector behind two bytes of length.</summary>
    public bool TryReadVector16(out ReadOnlySpan<byte> vector)
    {
        vector = default;
        return TryReadUInt16(out var length) && TryTake(length, out vector);
    }

    private bool TryTake(int count, out ReadOnlySpan<byte> taken)
    {
        if (_rest.Length < count)
        {
            taken = default;
            return false;
        }

        taken = _rest[..count];
        _rest = _rest[count..];
        return true;
    }
}
