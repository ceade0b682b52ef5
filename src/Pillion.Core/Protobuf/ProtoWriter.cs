using System.Buffers.Binary;
using System.Text;

namespace Pillion.Core.Protobuf;

/// <summary>
/// Writes protobuf's wire format (protobuf.dev, "Encoding") into a buffer that grows and is used again. Fields that hold their default are left out,
/// as proto3 does. Nested messages are written in place: their length is put before them when they end.
/// </summary>
internal sealed class ProtoWriter(int capacity = 512)
{
    private const int Varint = 0;
    private const int Fixed64 = 1;
    private const int Delimited = 2;
    private const int Fixed32 = 5;

    private byte[] _bytes = new byte[capacity];
    private int _length;

    public int Length => _length;

    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, _length);

    public ReadOnlyMemory<byte> WrittenMemory => _bytes.AsMemory(0, _length);

    public void Clear() => _length = 0;

    /// <summary>Bytes that are fields already.</summary>
    public void Raw(ReadOnlySpan<byte> fields)
    {
        fields.CopyTo(Room(fields.Length));
        _length += fields.Length;
    }

    public void UInt(int field, ulong value)
    {
        if (value != 0)
        {
            Tag(field, Varint);
            WriteVarint(value);
        }
    }

    public void Int(int field, long value) => UInt(field, (ulong)value);

    /// <summary>Also where it is zero: an element of a oneof, which says by being there.</summary>
    public void IntAlways(int field, long value)
    {
        Tag(field, Varint);
        WriteVarint((ulong)value);
    }

    /// <summary>A signed number of the type sint32 or sint64, in zigzag.</summary>
    public void SInt(int field, long value) => UInt(field, ZigZag(value));

    /// <summary>As above, also where it is zero.</summary>
    public void SIntAlways(int field, long value) => IntAlways(field, (long)ZigZag(value));

    public static ulong ZigZag(long value) => (ulong)((value << 1) ^ (value >> 63));

    public void Bool(int field, bool value) => UInt(field, value ? 1UL : 0);

    public void Fixed(int field, ulong value)
    {
        if (value != 0)
        {
            FixedAlways(field, value);
        }
    }

    /// <summary>Also where it is zero: an element of a oneof, which says by being there.</summary>
    public void FixedAlways(int field, ulong value)
    {
        Tag(field, Fixed64);
        BinaryPrimitives.WriteUInt64LittleEndian(Room(8), value);
        _length += 8;
    }

    public void Fixed4(int field, uint value)
    {
        if (value != 0)
        {
            Tag(field, Fixed32);
            BinaryPrimitives.WriteUInt32LittleEndian(Room(4), value);
            _length += 4;
        }
    }

    public void Double(int field, double value) => Fixed(field, BitConverter.DoubleToUInt64Bits(value));

    public void DoubleAlways(int field, double value) => FixedAlways(field, BitConverter.DoubleToUInt64Bits(value));

    public void Text(int field, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            Tag(field, Delimited);
            var bytes = Encoding.UTF8.GetByteCount(value);
            WriteVarint((ulong)bytes);
            _length += Encoding.UTF8.GetBytes(value, Room(bytes));
        }
    }

    public void Bytes(int field, ReadOnlySpan<byte> value)
    {
        if (!value.IsEmpty)
        {
            BytesAlways(field, value);
        }
    }

    /// <summary>Also where it is empty: an element of a list.</summary>
    public void BytesAlways(int field, ReadOnlySpan<byte> value)
    {
        Tag(field, Delimited);
        WriteVarint((ulong)value.Length);
        value.CopyTo(Room(value.Length));
        _length += value.Length;
    }

    /// <summary>Numbers of a packed list, as fixed64.</summary>
    public void Packed(int field, ReadOnlySpan<ulong> values)
    {
        if (!values.IsEmpty)
        {
            Tag(field, Delimited);
            WriteVarint((ulong)values.Length * 8);
            foreach (var value in values)
            {
                BinaryPrimitives.WriteUInt64LittleEndian(Room(8), value);
                _length += 8;
            }
        }
    }

    /// <summary>Numbers of a packed list, as varints.</summary>
    public void PackedVarints(int field, ReadOnlySpan<ulong> values)
    {
        if (!values.IsEmpty)
        {
            var at = Begin(field);
            foreach (var value in values)
            {
                WriteVarint(value);
            }

            End(at);
        }
    }

    /// <summary>Begins a nested message; what it returns is given to <see cref="End"/>.</summary>
    public int Begin(int field)
    {
        Tag(field, Delimited);
        return _length;
    }

    /// <summary>Ends a nested message: its length is put before it.</summary>
    public void End(int at)
    {
        var length = _length - at;
        Span<byte> prefix = stackalloc byte[10];
        var count = Encode(prefix, (ulong)length);
        _ = Room(count);
        _bytes.AsSpan(at, length).CopyTo(_bytes.AsSpan(at + count));
        prefix[..count].CopyTo(_bytes.AsSpan(at));
        _length += count;
    }

    private void Tag(int field, int type) => WriteVarint(((ulong)field << 3) | (uint)type);

    private void WriteVarint(ulong value) => _length += Encode(Room(10), value);

    /// <summary>A varint into at least ten bytes; returns how many it took.</summary>
    public static int Encode(Span<byte> into, ulong value)
    {
        var count = 0;
        while (value >= 0x80)
        {
            into[count++] = (byte)(value | 0x80);
            value >>= 7;
        }

        into[count++] = (byte)value;
        return count;
    }

    private Span<byte> Room(int count)
    {
        if (_bytes.Length - _length < count)
        {
            Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, _length + count));
        }

        return _bytes.AsSpan(_length);
    }
}
