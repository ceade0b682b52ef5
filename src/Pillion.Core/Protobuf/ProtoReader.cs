using System.Buffers.Binary;

namespace Pillion.Core.Protobuf;

/// <summary>
/// Reads protobuf's wire format field by field: <c>while (reader.Next()) switch (reader.Field)</c>. What is malformed ends the reading with
/// <see cref="IsBroken"/>; fields that nobody asks for are passed over.
/// </summary>
internal ref struct ProtoReader(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> _rest = bytes;

    /// <summary>The number of the field.</summary>
    public int Field { get; private set; }

    /// <summary>0 varint, 1 fixed64, 2 bytes, 5 fixed32.</summary>
    public int WireType { get; private set; }

    /// <summary>The value of a number of any wire type.</summary>
    public ulong Number { get; private set; }

    /// <summary>The value of a text, a nested message or a packed list.</summary>
    public ReadOnlySpan<byte> Bytes { get; private set; }

    public bool IsBroken { get; private set; }

    public readonly long Int => (long)Number;

    public readonly bool Bool => Number != 0;

    public readonly double Double => BitConverter.UInt64BitsToDouble(Number);

    /// <summary>Goes on to the next field; false at the end, or where the bytes are no message.</summary>
    public bool Next()
    {
        if (_rest.IsEmpty || IsBroken)
        {
            return false;
        }

        if (!TryVarint(out var tag) || tag >> 3 is 0 or > 0x1FFFFFFF)
        {
            return Break();
        }

        Field = (int)(tag >> 3);
        WireType = (int)(tag & 7);
        Bytes = default;
        Number = 0;
        switch (WireType)
        {
            case 0 when TryVarint(out var number):
                Number = number;
                return true;
            case 1 when _rest.Length >= 8:
                Number = BinaryPrimitives.ReadUInt64LittleEndian(_rest);
                _rest = _rest[8..];
                return true;
            case 5 when _rest.Length >= 4:
                Number = BinaryPrimitives.ReadUInt32LittleEndian(_rest);
                _rest = _rest[4..];
                return true;
            case 2 when TryVarint(out var length) && length <= (ulong)_rest.Length:
                Bytes = _rest[..(int)length];
                _rest = _rest[(int)length..];
                return true;
            default:
                return Break();
        }
    }

    private bool TryVarint(out ulong value)
    {
        value = 0;
        for (var i = 0; i < 10 && i < _rest.Length; i++)
        {
            var part = _rest[i];
            if (i == 9 && part > 1)
            {
                return false;
            }

            value |= (ulong)(part & 0x7F) << (7 * i);
            if (part < 0x80)
            {
                _rest = _rest[(i + 1)..];
                return true;
            }
        }

        return false;
    }

    private bool Break()
    {
        IsBroken = true;
        return false;
    }
}
