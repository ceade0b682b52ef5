using Pillion.Net.Http;

namespace Pillion.Net.Detection;

/// <summary>Tells TLS, HTTP/1 and HTTP/2 from everything else by as few bytes as decide it; the answer does not depend on how the bytes were cut.</summary>
internal static class ProtocolSniffer
{
    /// <summary>The longest method that is looked at; the registered ones have 17 letters at most.</summary>
    public const int MaxMethod = 32;

    /// <summary>A request line that must be read to its end to be believed is not longer than this.</summary>
    public const int MaxLine = 8 * 1024;

    // RFC 9113 §3.4: the preface begins so, and the method is registered for nothing else (§11.6).
    private static ReadOnlySpan<byte> Http2Line => "PRI * HTTP/2.0"u8;

    public static ProtocolKind Look(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
        {
            return ProtocolKind.NeedMore;
        }

        // RFC 8446 §5.1: a record of type handshake; its version's first byte is 3 in every version of TLS.
        if (bytes[0] == 0x16)
        {
            return bytes.Length < 2 ? ProtocolKind.NeedMore : bytes[1] == 3 ? ProtocolKind.Tls : ProtocolKind.Opaque;
        }

        var common = bytes.CommonPrefixLength(Http2Line);
        return
            common == Http2Line.Length ? ProtocolKind.Http2 :
            common == bytes.Length ? ProtocolKind.NeedMore :
            LookForRequestLine(bytes);
    }

    // Plenty of protocols begin with a word and a space (NATS: "CONNECT {...}", Redis: "GET key", SIP, RTSP, memcached). A method in capitals before a
    // path is HTTP without waiting for more; every other form of target (RFC 9112 §3.2) is believed when its line ends with HTTP's version.
    private static ProtocolKind LookForRequestLine(ReadOnlySpan<byte> bytes)
    {
        var head = bytes.Length > MaxMethod ? bytes[..(MaxMethod + 1)] : bytes;
        var space = head.IndexOf(HttpBytes.Space);
        var method = space < 0 ? head : head[..space];
        if (space == 0 || method.IndexOfAnyExcept(HttpBytes.Token) >= 0 || method.Length > MaxMethod)
        {
            return ProtocolKind.Opaque;
        }

        if (space < 0 || bytes.Length == space + 1)
        {
            return ProtocolKind.NeedMore;
        }

        if (bytes[space + 1] == '/' && IsInCapitals(method))
        {
            return ProtocolKind.Http1;
        }

        var rest = bytes[(space + 1)..];
        if (rest.Length > MaxLine)
        {
            rest = rest[..MaxLine];
        }

        var control = rest.IndexOfAny(HttpBytes.Controls);
        if (control < 0)
        {
            return rest.Length == MaxLine ? ProtocolKind.Opaque : ProtocolKind.NeedMore;
        }

        if (rest[control] == HttpBytes.Cr && control + 1 == rest.Length && rest.Length < MaxLine)
        {
            return EndsInVersion(rest[..control]) ? ProtocolKind.NeedMore : ProtocolKind.Opaque;
        }

        var isEnd = rest[control] == HttpBytes.Lf || (rest[control] == HttpBytes.Cr && control + 1 < rest.Length && rest[control + 1] == HttpBytes.Lf);
        return isEnd && EndsInVersion(rest[..control]) ? ProtocolKind.Http1 : ProtocolKind.Opaque;
    }

    private static bool IsInCapitals(ReadOnlySpan<byte> method)
    {
        foreach (var letter in method)
        {
            if (letter is not (>= (byte)'A' and <= (byte)'Z' or (byte)'-' or (byte)'_'))
            {
                return false;
            }
        }

        return true;
    }

    // " HTTP/1.x" behind a target that is not empty.
    private static bool EndsInVersion(ReadOnlySpan<byte> line) =>
        line.Length > 9 && line[^9..^1].SequenceEqual(" HTTP/1."u8) && HttpBytes.IsDigit(line[^1]) && line[0] != HttpBytes.Space;
}
