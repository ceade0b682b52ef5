using System.Buffers.Binary;
using System.Text;

namespace Pillion.Net.Detection;

/// <summary>Writes PROXY protocol headers of both versions.</summary>
internal static class ProxyHeaderWriter
{
    /// <summary>Room enough for any header that is written here.</summary>
    public const int MaxBytes = 2400;

    private const int MaxValue = 255;

    // SPIFFE-ID §2.3.
    private const int MaxIdentity = 2048;

    /// <summary>Version 1; the length is returned. Addresses that are none of TCP are told as UNKNOWN.</summary>
    public static int WriteVersion1(Span<byte> destination, PeerAddress source, PeerAddress target)
    {
        if (!TryGetFamily(source, target, out var isV4))
        {
            "PROXY UNKNOWN\r\n"u8.CopyTo(destination);
            return 15;
        }

        var written = Append(destination, 0, isV4 ? "PROXY TCP4 "u8 : "PROXY TCP6 "u8);
        written += FormatAddress(source, isV4, destination[written..]);
        destination[written++] = (byte)' ';
        written += FormatAddress(target, isV4, destination[written..]);
        destination[written++] = (byte)' ';
        written += FormatPort(source.Port, destination[written..]);
        destination[written++] = (byte)' ';
        written += FormatPort(target.Port, destination[written..]);
        return Append(destination, written, "\r\n"u8);
    }

    /// <summary>Version 2, command PROXY; the length is returned. A text that is too long is left out: a receiver that is told half a name believes it.</summary>
    /// <param name="authority">The host name that the client asked for, as PP2_TYPE_AUTHORITY.</param>
    /// <param name="identity">The client's verified SPIFFE id, as type 0xD0.</param>
    public static int WriteVersion2(Span<byte> destination, PeerAddress source, PeerAddress target, string? authority = null, string? identity = null)
    {
        var written = Append(destination, 0, ProxyHeaderReader.Signature2);
        destination[written++] = 0x21;
        if (TryGetFamily(source, target, out var isV4))
        {
            destination[written] = isV4 ? (byte)0x11 : (byte)0x21;
            written += 3;
            written += WriteAddress(source, isV4, destination[written..]);
            written += WriteAddress(target, isV4, destination[written..]);
            BinaryPrimitives.WriteUInt16BigEndian(destination[written..], source.Port);
            BinaryPrimitives.WriteUInt16BigEndian(destination[(written + 2)..], target.Port);
            written += 4;
        }
        else
        {
            destination[written] = 0;
            written += 3;
        }

        written = WriteValue(destination, written, ProxyHeaderTypes.Authority, authority, MaxValue);
        written = WriteValue(destination, written, ProxyHeaderTypes.Identity, identity, MaxIdentity);
        BinaryPrimitives.WriteUInt16BigEndian(destination[14..], (ushort)(written - 16));
        return written;
    }

    /// <summary>Version 2, command LOCAL: a connection of the sender's own, such as a health check.</summary>
    public static int WriteLocal(Span<byte> destination)
    {
        var written = Append(destination, 0, ProxyHeaderReader.Signature2);
        destination[written++] = 0x20;
        destination.Slice(written, 3).Clear();
        return written + 3;
    }

    // Both addresses have to be of one family: an IPv4 address beside an IPv6 one is written as the IPv6 address it is mapped to.
    private static bool TryGetFamily(PeerAddress source, PeerAddress target, out bool isV4)
    {
        isV4 = source.IsV4 && target.IsV4;
        Span<byte> bytes = stackalloc byte[16];
        return source.TryWriteBytes(bytes, out _) && target.TryWriteBytes(bytes, out _);
    }

    private static int WriteAddress(PeerAddress address, bool isV4, Span<byte> destination)
    {
        if (address.IsV4 && !isV4)
        {
            destination[..10].Clear();
            destination[10] = destination[11] = 0xFF;
            address.TryWriteBytes(destination[12..], out _);
            return 16;
        }

        address.TryWriteBytes(destination, out var written);
        return written;
    }

    private static int FormatAddress(PeerAddress address, bool isV4, Span<byte> destination)
    {
        var written = address.IsV4 && !isV4 ? Append(destination, 0, "::ffff:"u8) : 0;
        return written + address.FormatAddress(destination[written..]);
    }

    private static int FormatPort(ushort port, Span<byte> destination)
    {
        System.Buffers.Text.Utf8Formatter.TryFormat(port, destination, out var written);
        return written;
    }

    private static int WriteValue(Span<byte> destination, int at, byte type, string? text, int most)
    {
        if (string.IsNullOrEmpty(text) || Encoding.UTF8.GetByteCount(text) > most)
        {
            return at;
        }

        var length = Encoding.UTF8.GetBytes(text, destination[(at + 3)..]);
        destination[at] = type;
        BinaryPrimitives.WriteUInt16BigEndian(destination[(at + 1)..], (ushort)length);
        return at + 3 + length;
    }

    private static int Append(Span<byte> destination, int at, ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(destination[at..]);
        return at + bytes.Length;
    }
}
