using System.Buffers.Binary;
using System.Net;
using System.Text;

namespace Pillion.Net;

/// <summary>The address of the other end of a connection, as a value: no object per connection, formatted only when somebody looks.</summary>
internal readonly struct PeerAddress : IEquatable<PeerAddress>
{
    private readonly ulong _high;
    private readonly ulong _low;
    private readonly Kind _kind;

    private PeerAddress(Kind kind, ulong high, ulong low, ushort port)
    {
        _kind = kind;
        _high = high;
        _low = low;
        Port = port;
    }

    private enum Kind : byte
    {
        None,
        V4,
        V6,
        Unix,
    }

    public static PeerAddress Unix { get; } = new(Kind.Unix, 0, 0, 0);

    public ushort Port { get; }

    public bool IsUnix => _kind == Kind.Unix;

    public bool IsV4 => _kind == Kind.V4;

    public bool IsLoopback => _kind switch
    {
        Kind.V4 => (byte)(_low >> 24) == 127,
        Kind.V6 => _high == 0 && _low == 1,
        _ => _kind == Kind.Unix,
    };

    public PeerAddress WithoutPort() => new(_kind, _high, _low, 0);

    /// <summary>From network-order bytes: 4 or 16 of them. An IPv4 address mapped into IPv6 becomes the IPv4 address.</summary>
    public static PeerAddress From(ReadOnlySpan<byte> address, ushort port)
    {
        if (address.Length == 4)
        {
            return new(Kind.V4, 0, BinaryPrimitives.ReadUInt32BigEndian(address), port);
        }

        var high = BinaryPrimitives.ReadUInt64BigEndian(address);
        var low = BinaryPrimitives.ReadUInt64BigEndian(address[8..]);
        return high == 0 && low >> 32 == 0xFFFF ? new(Kind.V4, 0, (uint)low, port) : new(Kind.V6, high, low, port);
    }

    public static PeerAddress From(EndPoint? endPoint)
    {
        if (endPoint is not IPEndPoint ip)
        {
            return endPoint is null ? default : Unix;
        }

        Span<byte> bytes = stackalloc byte[16];
        ip.Address.TryWriteBytes(bytes, out var written);
        return From(bytes[..written], (ushort)ip.Port);
    }

    public IPAddress? ToIPAddress()
    {
        Span<byte> bytes = stackalloc byte[16];
        return TryWriteBytes(bytes, out var written) ? new IPAddress(bytes[..written]) : null;
    }

    /// <summary>The address in network order, 4 or 16 bytes; false for a Unix socket and for no address.</summary>
    public bool TryWriteBytes(Span<byte> destination, out int written)
    {
        if (_kind == Kind.V4)
        {
            BinaryPrimitives.WriteUInt32BigEndian(destination, (uint)_low);
            written = 4;
            return true;
        }

        written = _kind == Kind.V6 ? 16 : 0;
        if (written == 16)
        {
            BinaryPrimitives.WriteUInt64BigEndian(destination, _high);
            BinaryPrimitives.WriteUInt64BigEndian(destination[8..], _low);
        }

        return written > 0;
    }

    /// <summary>Writes the address without its port and returns the length; at most 45 bytes. IPv4 takes no detour over objects.</summary>
    public int FormatAddress(Span<byte> destination)
    {
        switch (_kind)
        {
            case Kind.V4:
                var length = 0;
                for (var shift = 24; shift >= 0; shift -= 8)
                {
                    length += FormatByte((byte)(_low >> shift), destination[length..]);
                    if (shift > 0)
                    {
                        destination[length++] = (byte)'.';
                    }
                }

                return length;
            case Kind.V6:
                return Encoding.ASCII.GetBytes(ToIPAddress()!.ToString(), destination);
            case Kind.Unix:
                "unix"u8.CopyTo(destination);
                return 4;
            default:
                destination[0] = (byte)'-';
                return 1;
        }
    }

    private static int FormatByte(uint value, Span<byte> destination)
    {
        var length = 0;
        if (value >= 100)
        {
            destination[length++] = (byte)('0' + (value / 100));
        }

        if (value >= 10)
        {
            destination[length++] = (byte)('0' + (value / 10 % 10));
        }

        destination[length++] = (byte)('0' + (value % 10));
        return length;
    }

    /// <summary>Writes <c>1.2.3.4:80</c>, <c>[::1]:80</c> or <c>unix</c>; at most 53 bytes.</summary>
    public int Format(Span<byte> destination)
    {
        if (_kind is not (Kind.V4 or Kind.V6))
        {
            return FormatAddress(destination);
        }

        var length = 0;
        if (_kind == Kind.V6)
        {
            destination[length++] = (byte)'[';
        }

        length += FormatAddress(destination[length..]);
        if (_kind == Kind.V6)
        {
            destination[length++] = (byte)']';
        }

        destination[length++] = (byte)':';
        System.Buffers.Text.Utf8Formatter.TryFormat(Port, destination[length..], out var digits);
        return length + digits;
    }

    /// <summary>The address without its port, as text.</summary>
    public string AddressText()
    {
        Span<byte> text = stackalloc byte[64];
        return Encoding.ASCII.GetString(text[..FormatAddress(text)]);
    }

    public bool Equals(PeerAddress other) => _high == other._high && _low == other._low && Port == other.Port && _kind == other._kind;

    public override bool Equals(object? obj) => obj is PeerAddress other && Equals(other);

    public override int GetHashCode() => HashCode.Combine(_high, _low, Port, _kind);

    public override string ToString()
    {
        Span<byte> text = stackalloc byte[64];
        return Encoding.ASCII.GetString(text[..Format(text)]);
    }
}
