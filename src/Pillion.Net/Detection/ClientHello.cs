using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Text;

namespace Pillion.Net.Detection;

/// <summary>What a TLS client says of itself before anything is encrypted (RFC 8446 §4.1.2): enough to choose a certificate or a route, and no more.</summary>
internal sealed class ClientHello
{
    /// <summary>The bytes on the wire in which a hello must be complete, record headers included.</summary>
    public const int MaxBytes = 16 * 1024;

    private const int RecordHeader = 5;
    private const int MessageHeader = 4;
    private const int MaxRecord = 16 * 1024;
    private const byte Handshake = 22;
    private const byte ClientHelloType = 1;
    private const ushort ServerNameExtension = 0;
    private const ushort AlpnExtension = 16;
    private const ushort SupportedVersionsExtension = 43;

    private ClientHello()
    {
    }

    /// <summary>The name that the client asks for, lower case; null where it gave none, or none that is a host name.</summary>
    public string? ServerName { get; private set; }

    /// <summary>Application protocols in the client's order (RFC 7301), GREASE left out.</summary>
    public IReadOnlyList<string> ApplicationProtocols { get; private set; } = [];

    /// <summary>The highest version offered, such as 0x0304 for TLS 1.3.</summary>
    public ushort HighestVersion { get; private set; }

    public bool OffersTls13 => HighestVersion >= 0x0304;

    /// <summary>Looks for a whole hello at the start of what a client sent; it may be spread over several records, and nothing is consumed.</summary>
    public static Recognition TryRead(ReadOnlySpan<byte> bytes, out ClientHello? hello)
    {
        hello = null;
        var isTooMuch = bytes.Length >= MaxBytes;
        if (isTooMuch)
        {
            bytes = bytes[..MaxBytes];
        }

        var at = 0;
        var gathered = 0;
        var needed = -1;
        Span<byte> header = stackalloc byte[MessageHeader];
        while (true)
        {
            var rest = bytes[at..];
            if (!IsRecordStart(rest, isFirst: at == 0))
            {
                return at == 0 ? Recognition.No : Recognition.Malformed;
            }

            if (rest.Length < RecordHeader)
            {
                return isTooMuch ? Recognition.Malformed : Recognition.NeedMore;
            }

            int length = BinaryPrimitives.ReadUInt16BigEndian(rest[3..]);
            var payload = rest.Slice(RecordHeader, Math.Min(length, rest.Length - RecordHeader));
            if (gathered < MessageHeader)
            {
                var part = payload[..Math.Min(payload.Length, MessageHeader - gathered)];
                part.CopyTo(header[gathered..]);
                if (gathered + part.Length == MessageHeader)
                {
                    needed = MessageHeader + ((header[1] << 16) | (header[2] << 8) | header[3]);
                    if (needed > MaxBytes - RecordHeader)
                    {
                        return Recognition.Malformed;
                    }
                }
            }

            gathered += payload.Length;
            if (needed >= 0 && gathered >= needed)
            {
                var body = gathered == payload.Length
                    ? Parse(payload[MessageHeader..needed])
                    : ParseFragmented(bytes, needed);
                hello = body;
                return body is null ? Recognition.Malformed : Recognition.Yes;
            }

            if (payload.Length < length)
            {
                return isTooMuch ? Recognition.Malformed : Recognition.NeedMore;
            }

            at += RecordHeader + length;
        }
    }

    /// <summary>GREASE (RFC 8701): values that mean nothing and keep servers honest.</summary>
    private static bool IsGrease(int value) => (value & 0x0F0F) == 0x0A0A && value >> 8 == (value & 0xFF);

    // Judged as early as the bytes come. The versions that records of a hello carry: 3.0 to 3.3 in the wild, 3.4 tolerated. RFC 8446 §5.1: no empty
    // fragments of handshake messages, and none above 2^14 bytes.
    private static bool IsRecordStart(ReadOnlySpan<byte> bytes, bool isFirst) =>
        (bytes.Length < 1 || bytes[0] == Handshake) &&
        (bytes.Length < 2 || bytes[1] == 3) &&
        (bytes.Length < 3 || bytes[2] <= 4) &&
        (bytes.Length < 5 || BinaryPrimitives.ReadUInt16BigEndian(bytes[3..]) is > 0 and <= MaxRecord) &&
        (!isFirst || bytes.Length < 6 || bytes[5] == ClientHelloType);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ClientHello? ParseFragmented(ReadOnlySpan<byte> bytes, int needed)
    {
        Span<byte> whole = stackalloc byte[MaxBytes];
        var filled = 0;
        while (filled < needed)
        {
            int length = BinaryPrimitives.ReadUInt16BigEndian(bytes[3..]);
            var payload = bytes.Slice(RecordHeader, Math.Min(length, Math.Min(bytes.Length - RecordHeader, needed - filled)));
            payload.CopyTo(whole[filled..]);
            filled += payload.Length;
            bytes = filled < needed ? bytes[(RecordHeader + length)..] : default;
        }

        return Parse(whole[MessageHeader..needed]);
    }

    // ClientHello: version, random[32], session id<0..32>, suites<2..>, compression<1..>, extensions<0..>.
    private static ClientHello? Parse(ReadOnlySpan<byte> body)
    {
        var reader = new VectorReader(body);
        if (!reader.TryReadUInt16(out var version) || version >> 8 != 3 || !reader.TrySkip(32) ||
            !reader.TryReadVector8(out var session) || session.Length > 32 ||
            !reader.TryReadVector16(out var suites) || suites.Length < 2 || (suites.Length & 1) != 0 ||
            !reader.TryReadVector8(out var compression) || compression.IsEmpty)
        {
            return null;
        }

        var hello = new ClientHello { HighestVersion = version };
        if (reader.IsAtEnd)
        {
            // RFC 5246 §7.4.1.2: the extensions may be missing altogether.
            return hello;
        }

        return reader.TryReadVector16(out var extensions) && reader.IsAtEnd && hello.ReadExtensions(extensions) ? hello : null;
    }

    private bool ReadExtensions(ReadOnlySpan<byte> extensions)
    {
        var reader = new VectorReader(extensions);
        bool hasName = false, hasAlpn = false, hasVersions = false;
        while (!reader.IsAtEnd)
        {
            if (!reader.TryReadUInt16(out var type) || !reader.TryReadVector16(out var data))
            {
                return false;
            }

            // RFC 8446 §4.2: an extension comes once. A second name would let two readers see two servers.
            var isGood = type switch
            {
                ServerNameExtension => !hasName && (hasName = true) && ReadServerName(data),
                AlpnExtension => !hasAlpn && (hasAlpn = true) && ReadProtocols(data),
                SupportedVersionsExtension => !hasVersions && (hasVersions = true) && ReadVersions(data),
                _ => true,
            };
            if (!isGood)
            {
                return false;
            }
        }

        return true;
    }

    // RFC 6066 §3: a list with at most one name of each type; host_name (0) is the only type there is.
    private bool ReadServerName(ReadOnlySpan<byte> data)
    {
        var reader = new VectorReader(data);
        if (!reader.TryReadVector16(out var list) || !reader.IsAtEnd || list.IsEmpty)
        {
            return false;
        }

        var names = new VectorReader(list);
        if (!names.TryReadByte(out var type) || type != 0 || !names.TryReadVector16(out var name) || !names.IsAtEnd || name.IsEmpty)
        {
            return false;
        }

        ServerName = HostName.Read(name);
        return true;
    }

    // RFC 7301 §3.1.
    private bool ReadProtocols(ReadOnlySpan<byte> data)
    {
        var reader = new VectorReader(data);
        if (!reader.TryReadVector16(out var list) || !reader.IsAtEnd || list.IsEmpty)
        {
            return false;
        }

        var protocols = new List<string>(2);
        var names = new VectorReader(list);
        while (!names.IsAtEnd)
        {
            if (!names.TryReadVector8(out var name) || name.IsEmpty)
            {
                return false;
            }

            if (name.Length != 2 || !IsGrease(BinaryPrimitives.ReadUInt16BigEndian(name)))
            {
                protocols.Add(
                    name.SequenceEqual("h2"u8) ? "h2" :
                    name.SequenceEqual("http/1.1"u8) ? "http/1.1" :
                    Encoding.Latin1.GetString(name));
            }
        }

        ApplicationProtocols = protocols;
        return true;
    }

    // RFC 8446 §4.2.1: where it is present, it alone counts.
    private bool ReadVersions(ReadOnlySpan<byte> data)
    {
        var reader = new VectorReader(data);
        if (!reader.TryReadVector8(out var list) || !reader.IsAtEnd || list.Length < 2 || (list.Length & 1) != 0)
        {
            return false;
        }

        ushort highest = 0;
        for (; !list.IsEmpty; list = list[2..])
        {
            var version = BinaryPrimitives.ReadUInt16BigEndian(list);
            if (!IsGrease(version) && version > highest)
            {
                highest = version;
            }
        }

        HighestVersion = highest;
        return true;
    }
}
