using System.Text;

namespace Pillion.Net.Tls.OpenSsl;

/// <summary>
/// Who the peer of a session is. OpenSSL keeps the certificates of a peer with each session, for as long as the connection lives, and writes them into
/// tickets: 4 KB and more, and 0.1 ms to read back. We keep one copy for all of a peer's connections, and in the ticket its fingerprint.
/// </summary>
internal static unsafe class SessionPeer
{
    private const int FingerprintLength = 64;
    private const int MaxEncoded = 16 * 1024;

    // SSL_SESSION_ASN1: SEQUENCE { ..., peer [3] EXPLICIT Certificate OPTIONAL, ... }
    private const byte Sequence = 0x30;
    private const byte PeerTag = 0xa3;

    /// <summary>Takes the certificates out of a session that no other connection uses; true when it is without them.</summary>
    public static bool Forget(nint ssl, nint session)
    {
        if (session == 0 || LibSsl.PeerOfSession(session) == 0)
        {
            return session != 0;
        }

        var length = LibSsl.EncodeSession(session, null);
        if (length is <= 0 or > MaxEncoded)
        {
            return false;
        }

        var encoded = stackalloc byte[length];
        var end = encoded;
        length = LibSsl.EncodeSession(session, &end);
        var shorter = RemovePeer(new Span<byte>(encoded, length));
        var start = encoded;

        // Decoding into an existing session replaces what is in it by what was encoded: all the same but for the peer.
        var isDone = shorter > 0 && LibSsl.DecodeSession(&session, &start, shorter) != 0;
        new Span<byte>(encoded, length).Clear();
        LibCrypto.ClearErrors();
        if (isDone)
        {
            ForgetChain(LibSsl.PeerChain(ssl));
        }

        return isDone;
    }

    /// <summary>Writes into a session, for its ticket, who the peer is; null is nobody.</summary>
    public static void Write(nint session, PeerCertificate? peer)
    {
        var name = stackalloc byte[FingerprintLength];
        var length = peer is null ? 0 : Encoding.ASCII.GetBytes(peer.Sha256, new Span<byte>(name, FingerprintLength));
        LibSsl.SetTicketData(session, name, (nuint)length);
    }

    /// <summary>The fingerprint of the peer that a ticket speaks of; null is nobody.</summary>
    public static string? Read(nint session)
    {
        byte* name;
        nuint length;
        return LibSsl.TicketData(session, &name, &length) == 1 && length == FingerprintLength ? Encoding.ASCII.GetString(name, FingerprintLength) : null;
    }

    /// <summary>The length of what is left; 0 where it is not what was expected.</summary>
    internal static int RemovePeer(Span<byte> encoded)
    {
        if (!TryElement(encoded, out var header, out var total) || encoded[0] != Sequence || total != encoded.Length)
        {
            return 0;
        }

        for (var at = header; at < encoded.Length; at += total)
        {
            if (!TryElement(encoded[at..], out _, out total))
            {
                return 0;
            }

            if (encoded[at] == PeerTag)
            {
                encoded[(at + total)..].CopyTo(encoded[at..]);
                var content = encoded.Length - header - total;
                // The length keeps its form, shortest or not: as many bytes as before could say more.
                return WriteLength(encoded[1..], header - 1, content) ? header + content : 0;
            }
        }

        return 0;
    }

    private static bool TryElement(ReadOnlySpan<byte> bytes, out int header, out int total)
    {
        header = total = 0;
        if (bytes.Length < 2)
        {
            return false;
        }

        var count = bytes[1] < 0x80 ? 0 : bytes[1] & 0x7f;
        header = 2 + count;
        if (count > 2 || bytes.Length < header)
        {
            return false;
        }

        var content = count == 0 ? bytes[1] : 0;
        foreach (var part in bytes[2..header])
        {
            content = (content << 8) | part;
        }

        total = header + content;
        return total <= bytes.Length;
    }

    private static bool WriteLength(Span<byte> at, int size, int length)
    {
        if (size == 1)
        {
            at[0] = (byte)length;
            return length < 0x80;
        }

        for (var i = size - 1; i > 0; i--, length >>= 8)
        {
            at[i] = (byte)length;
        }

        return length == 0;
    }

    private static void ForgetChain(nint chain)
    {
        while (chain != 0 && LibCrypto.Count(chain) > 0)
        {
            LibCrypto.FreeCertificate(LibCrypto.Pop(chain));
        }
    }
}
