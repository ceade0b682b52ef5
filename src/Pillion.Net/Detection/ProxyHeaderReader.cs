using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace Pillion.Net.Detection;

/// <summary>Reads PROXY protocol headers of both versions, strictly: a header that is not exactly one is refused, and nothing is consumed before it is whole.</summary>
internal static class ProxyHeaderReader
{
    /// <summary>A header is not longer than this; senders that pass on certificates' names stay far below.</summary>
    public const int MaxBytes = 4 * 1024;

    /// <summary>§2.1: "PROXY UNKNOWN" with two full IPv6 addresses and its line end.</summary>
    private const int MaxVersion1 = 107;

    private const int FixedPart = 16;

    public static ReadOnlySpan<byte> Signature2 => "\r\n\r\n\0\r\nQUIT\n"u8;

    private static ReadOnlySpan<byte> Signature1 => "PROXY "u8;

    /// <summary>Looks for a header at the start of what a peer sent.</summary>
    /// <param name="consumed">The header's length where the answer is <see cref="Recognition.Yes"/>.</param>
    public static Recognition TryRead(ReadOnlySpan<byte> bytes, out ProxyHeader? header, out int consumed)
    {
        header = null;
        consumed = 0;
        if (bytes.IsEmpty)
        {
            return Recognition.NeedMore;
        }

        var isVersion2 = bytes[0] == Signature2[0];
        var signature = isVersion2 ? Signature2 : Signature1;
        var common = bytes.CommonPrefixLength(signature);
        return
            common < Math.Min(bytes.Length, signature.Length) ? Recognition.No :
            common < signature.Length ? Recognition.NeedMore :
            isVersion2 ? ReadVersion2(bytes, out header, out consumed) : ReadVersion1(bytes, out header, out consumed);
    }

    private static Recognition ReadVersion1(ReadOnlySpan<byte> bytes, out ProxyHeader? header, out int consumed)
    {
        header = null;
        consumed = 0;
        var rest = bytes[Signature1.Length..];
        var isTcp4 = BeginsWith(rest, "TCP4 "u8);
        var isTcp6 = BeginsWith(rest, "TCP6 "u8);
        var isUnknown = BeginsWith(rest, "UNKNOWN"u8);
        if (!isTcp4 && !isTcp6 && !isUnknown)
        {
            return HttpLooksLike(rest) ? Recognition.No : Recognition.Malformed;
        }

        var line = bytes.Length > MaxVersion1 ? bytes[..MaxVersion1] : bytes;
        var end = line.IndexOf((byte)'\n');
        if (end < 0)
        {
            return line.Length == MaxVersion1 ? Recognition.Malformed : Recognition.NeedMore;
        }

        consumed = end + 1;
        if (line[end - 1] != '\r')
        {
            consumed = 0;
            return Recognition.Malformed;
        }

        line = line[Signature1.Length..(end - 1)];
        if (isUnknown)
        {
            // §2.1: what follows the word is ignored, whatever it is.
            if (line.Length == 7 || line[7] == ' ')
            {
                header = new ProxyHeader { Version = 1, IsLocal = true };
            }
        }
        else if (TryReadAddresses(line[5..], isTcp4, out var source, out var destination))
        {
            header = new ProxyHeader { Version = 1, IsLocal = false, Source = source, Destination = destination };
        }

        if (header is null)
        {
            consumed = 0;
            return Recognition.Malformed;
        }

        return Recognition.Yes;
    }

    // "PROXY /path HTTP/1.1": a method of that name, in whatever form of target, is not the header's first line.
    private static bool HttpLooksLike(ReadOnlySpan<byte> rest) => rest[0] == '/' || rest[0] == '*' || rest[0] == 'h';

    private static bool BeginsWith(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> word) =>
        bytes.CommonPrefixLength(word) == Math.Min(bytes.Length, word.Length);

    private static bool TryReadAddresses(ReadOnlySpan<byte> text, bool isV4, out PeerAddress source, out PeerAddress destination)
    {
        source = destination = default;
        Span<Range> parts = stackalloc Range[5];
        var count = 0;
        foreach (var part in text.Split((byte)' '))
        {
            if (count == parts.Length)
            {
                return false;
            }

            parts[count++] = part;
        }

        return count == 4 &&
            TryReadPort(text[parts[2]], out var sourcePort) && TryReadPort(text[parts[3]], out var destinationPort) &&
            TryReadAddress(text[parts[0]], isV4, sourcePort, out source) && TryReadAddress(text[parts[1]], isV4, destinationPort, out destination);
    }

    // §2.1: dotted quads and the colon form, without leading zeros, zones or brackets.
    private static bool TryReadAddress(ReadOnlySpan<byte> text, bool isV4, ushort port, out PeerAddress address)
    {
        address = default;
        if (isV4)
        {
            Span<byte> quad = stackalloc byte[4];
            var at = 0;
            foreach (var part in text.Split((byte)'.'))
            {
                if (at == 4 || !TryReadNumber(text[part], 255, out var value))
                {
                    return false;
                }

                quad[at++] = (byte)value;
            }

            address = PeerAddress.From(quad, port);
            return at == 4;
        }

        Span<byte> bytes = stackalloc byte[16];
        if (text.Contains((byte)'%') || !text.Contains((byte)':') || text.Contains((byte)'[') ||
            !System.Net.IPAddress.TryParse(text, out var parsed) || !parsed.TryWriteBytes(bytes, out var written) || written != 16)
        {
            return false;
        }

        address = PeerAddress.From(bytes, port);
        return true;
    }

    private static bool TryReadPort(ReadOnlySpan<byte> text, out ushort port)
    {
        var isGood = TryReadNumber(text, ushort.MaxValue, out var value);
        port = (ushort)value;
        return isGood;
    }

    private static bool TryReadNumber(ReadOnlySpan<byte> text, int most, out int value)
    {
        value = 0;
        if (text.IsEmpty || text.Length > 5 || (text.Length > 1 && text[0] == '0'))
        {
            return false;
        }

        foreach (var digit in text)
        {
            if (!char.IsAsciiDigit((char)digit))
            {
                return false;
            }

            value = (value * 10) + (digit - '0');
        }

        return value <= most;
    }

    // §2.2: signature[12], version and command, family and transport, length[2], addresses, then type-length-values.
    private static Recognition ReadVersion2(ReadOnlySpan<byte> bytes, out ProxyHeader? header, out int consumed)
    {
        header = null;
        consumed = 0;
        // Judged byte by byte: what can only be refused is refused before the rest comes.
        if (bytes.Length > 12 && bytes[12] is not (0x20 or 0x21))
        {
            return Recognition.Malformed;
        }

        if (bytes.Length > 13 && (bytes[13] >> 4 > 3 || (bytes[13] & 0xF) > 2))
        {
            return Recognition.Malformed;
        }

        if (bytes.Length < FixedPart)
        {
            return Recognition.NeedMore;
        }

        var total = FixedPart + BinaryPrimitives.ReadUInt16BigEndian(bytes[14..]);
        var addresses = (bytes[13] >> 4) switch
        {
            1 => 12,
            2 => 36,
            3 => 216,
            _ => 0,
        };
        var isLocal = bytes[12] == 0x20;
        if (total > MaxBytes || (!isLocal && total < FixedPart + addresses))
        {
            return Recognition.Malformed;
        }

        if (bytes.Length < total)
        {
            return Recognition.NeedMore;
        }

        var whole = bytes[..total];
        if (isLocal)
        {
            // §2.2: the receiver discards what a LOCAL header carries.
            header = new ProxyHeader { Version = 2, IsLocal = true };
        }
        else if (!TryReadValues(whole, FixedPart + addresses, ReadAddresses(whole), out header))
        {
            return Recognition.Malformed;
        }

        consumed = total;
        return Recognition.Yes;
    }

    private static ProxyHeader ReadAddresses(ReadOnlySpan<byte> whole)
    {
        var block = whole[FixedPart..];
        return whole[13] switch
        {
            0x11 => new ProxyHeader
            {
                Version = 2,
                IsLocal = false,
                Source = PeerAddress.From(block[..4], BinaryPrimitives.ReadUInt16BigEndian(block[8..])),
                Destination = PeerAddress.From(block[4..8], BinaryPrimitives.ReadUInt16BigEndian(block[10..])),
            },
            0x21 => new ProxyHeader
            {
                Version = 2,
                IsLocal = false,
                Source = PeerAddress.From(block[..16], BinaryPrimitives.ReadUInt16BigEndian(block[32..])),
                Destination = PeerAddress.From(block[16..32], BinaryPrimitives.ReadUInt16BigEndian(block[34..])),
            },
            _ => new ProxyHeader { Version = 2, IsLocal = true },
        };
    }

    private static bool TryReadValues(ReadOnlySpan<byte> whole, int at, ProxyHeader addresses, out ProxyHeader? header)
    {
        header = null;
        var read = addresses;
        while (at < whole.Length)
        {
            if (whole.Length - at < 3)
            {
                return false;
            }

            var length = BinaryPrimitives.ReadUInt16BigEndian(whole[(at + 1)..]);
            if (whole.Length - at - 3 < length)
            {
                return false;
            }

            var value = whole.Slice(at + 3, length);
            switch (whole[at])
            {
                case ProxyHeaderTypes.Alpn:
                    read = read with { ApplicationProtocol = Encoding.Latin1.GetString(value) };
                    break;
                case ProxyHeaderTypes.Authority:
                    read = read with { Authority = HostName.Read(value) };
                    break;
                case ProxyHeaderTypes.Crc32C:
                    if (length != 4 || BinaryPrimitives.ReadUInt32BigEndian(value) != Checksum(whole, at + 3))
                    {
                        return false;
                    }

                    break;
                case ProxyHeaderTypes.Ssl:
                    if (!TryReadSsl(value, out var tls))
                    {
                        return false;
                    }

                    read = read with { Tls = tls };
                    break;
                case ProxyHeaderTypes.Identity:
                    read = read with { Identity = TextOf(value) };
                    break;
            }

            at += 3 + length;
        }

        header = read;
        return true;
    }

    // §2.2.5: client bits, verify result[4], then type-length-values of its own. Verify is 0 where a certificate was given and is good.
    private static bool TryReadSsl(ReadOnlySpan<byte> value, out ProxyHeaderTls? tls)
    {
        const int usesSsl = 1;
        const int hasCertificate = 2 | 4;
        tls = null;
        if (value.Length < 5)
        {
            return false;
        }

        var client = value[0];
        var isVerified = (client & hasCertificate) != 0 && BinaryPrimitives.ReadUInt32BigEndian(value[1..]) == 0;
        string? version = null, name = null;
        for (var rest = value[5..]; !rest.IsEmpty;)
        {
            if (rest.Length < 3 || rest.Length - 3 < BinaryPrimitives.ReadUInt16BigEndian(rest[1..]))
            {
                return false;
            }

            var inner = rest.Slice(3, BinaryPrimitives.ReadUInt16BigEndian(rest[1..]));
            version = rest[0] == ProxyHeaderTypes.SslVersion ? TextOf(inner) : version;
            name = rest[0] == ProxyHeaderTypes.SslCommonName ? TextOf(inner) : name;
            rest = rest[(3 + inner.Length)..];
        }

        tls = (client & usesSsl) != 0 ? new ProxyHeaderTls(isVerified, version, name) : null;
        return true;
    }

    // Names go into logs and headers: text with a control byte in it is no name.
    private static string? TextOf(ReadOnlySpan<byte> value)
    {
        var text = value.IsEmpty || value.IndexOfAnyInRange((byte)0, (byte)31) >= 0 || value.Contains((byte)127) ? null : Encoding.UTF8.GetString(value);
        return text;
    }

    /// <summary>§2.2.3: CRC32C (Castagnoli) over the whole header with the checksum's own four bytes as zeros.</summary>
    public static uint Checksum(ReadOnlySpan<byte> whole, int checksumAt)
    {
        var crc = uint.MaxValue;
        for (var i = 0; i < whole.Length; i++)
        {
            crc = BitOperations.Crc32C(crc, i >= checksumAt && i < checksumAt + 4 ? (byte)0 : whole[i]);
        }

        return ~crc;
    }
}
