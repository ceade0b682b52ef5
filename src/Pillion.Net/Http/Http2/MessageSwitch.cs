using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Pillion.Net.Http.Http2;

/// <summary>
/// A change of protocol as HTTP/1 asks for it (Upgrade, 101) and as HTTP/2 does (extended CONNECT, 200): RFC 8441 §5, RFC 6455 §4. The message
/// model knows the first way only.
/// </summary>
internal static class MessageSwitch
{
    /// <summary>The longest name of a protocol that is read.</summary>
    public const int MaxProtocol = 64;

    public const int AcceptLength = 28;

    private const int KeyBytes = 16;
    private const int KeyLength = 24;
    private const int MaxKey = 128;

    private static readonly byte[] KeySalt = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"u8.ToArray();

    /// <summary>Makes an extended CONNECT the request that HTTP/1 would have sent.</summary>
    public static void PresentUpgrade(RequestHead head, ReadOnlySpan<byte> protocol)
    {
        head.SetMethod(HttpMethod.Get, "GET"u8);
        head.WantsUpgrade = true;
        head.ContentLength = -1;
        head.ExpectsContinue = false;
        head.Fields.RemoveAll(KnownField.ContentLength);
        head.Fields.Set(KnownField.Connection, "Upgrade"u8);
        head.Fields.Set(KnownField.Upgrade, protocol);
        if (!IsWebSocket(protocol))
        {
            return;
        }

        // RFC 8441 §5: key and answer are not sent over HTTP/2, whose peers cannot mistake each other; HTTP/1 behind us wants them.
        head.Fields.RemoveAll("sec-websocket-key"u8);
        Span<byte> nonce = stackalloc byte[KeyBytes];
        RandomNumberGenerator.Fill(nonce);
        Span<byte> key = stackalloc byte[KeyLength];
        Base64.EncodeToUtf8(nonce, key, out _, out _);
        head.Fields.Add("sec-websocket-key"u8, key);
    }

    public static bool IsWebSocket(ReadOnlySpan<byte> protocol) => Ascii.EqualsIgnoreCase(protocol, "websocket"u8);

    /// <summary>Of what belongs to the way of HTTP/1 only.</summary>
    public static bool IsKeyField(ReadOnlySpan<byte> name) =>
        name.Length is 17 or 20 && (Ascii.EqualsIgnoreCase(name, "sec-websocket-key"u8) || Ascii.EqualsIgnoreCase(name, "sec-websocket-accept"u8));

    /// <summary>The answer to a key (RFC 6455 §4.2.2); 0 when there is no key.</summary>
    public static int WriteAccept(ReadOnlySpan<byte> key, Span<byte> accept)
    {
        if (key.IsEmpty || key.Length > MaxKey)
        {
            return 0;
        }

        Span<byte> salted = stackalloc byte[MaxKey + 36];
        key.CopyTo(salted);
        KeySalt.CopyTo(salted[key.Length..]);
        Span<byte> hash = stackalloc byte[SHA1.HashSizeInBytes];
        SHA1.HashData(salted[..(key.Length + KeySalt.Length)], hash);
        Base64.EncodeToUtf8(hash, accept, out _, out var written);
        return written;
    }

    /// <summary>Makes the 2xx that grants an extended CONNECT the 101 of HTTP/1.</summary>
    public static void PresentSwitch(ResponseHead head, ReadOnlySpan<byte> protocol, ReadOnlySpan<byte> accept)
    {
        head.Status = 101;
        head.WantsUpgrade = true;
        head.Fields.RemoveAll(KnownField.ContentLength);
        head.Fields.Set(KnownField.Connection, "Upgrade"u8);
        head.Fields.Set(KnownField.Upgrade, protocol);
        if (!accept.IsEmpty)
        {
            head.Fields.RemoveAll("sec-websocket-accept"u8);
            head.Fields.Add("Sec-WebSocket-Accept"u8, accept);
        }
    }
}
