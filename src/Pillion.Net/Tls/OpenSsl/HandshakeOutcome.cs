using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Text;

namespace Pillion.Net.Tls.OpenSsl;

/// <summary>Reads what a finished handshake settled.</summary>
internal static unsafe class HandshakeOutcome
{
    // RFC 8446 §5.2: header 5, content type 1, tag 16. RFC 5288 §3: header 5, explicit nonce 8, tag 16. Other suites: IV, MAC and padding besides.
    private const int Overhead13 = 22;
    private const int OverheadAead12 = 29;
    private const int OverheadOther = 128;

    // A handful of constants of the library: each connection keeps a reference and no copy.
    private static readonly ConcurrentDictionary<nint, string> CipherNames = new();

    /// <summary>By how many bytes a record is longer than what is in it.</summary>
    public static int RecordOverhead(nint ssl) =>
        LibSsl.Version(ssl) == (int)TlsVersions.Tls13 ? Overhead13 : LibSsl.CipherIsAead(LibSsl.CurrentCipher(ssl)) == 1 ? OverheadAead12 : OverheadOther;

    /// <summary>
    /// The peer of a resumed session showed its certificate in an earlier handshake, to this very context. Who it is, and whether that may still be, is
    /// asked again. False: it is refused.
    /// </summary>
    public static bool JudgeResumed(nint ssl, Negotiation negotiation)
    {
        if (LibSsl.IsResumed(ssl) == 0 || negotiation.Trust is not { } trust)
        {
            return true;
        }

        if (negotiation.Offered is not { } leaf)
        {
            // A client may be nobody where that is allowed; a server that is verified never is.
            if (negotiation.Server is { ClientCertificates: not ClientCertificates.Required })
            {
                return true;
            }

            negotiation.Refuse(TlsRefusal.NoCertificate, "the session that was resumed does not say who the peer is");
            return false;
        }

        if (negotiation.Judge(trust, leaf) is null)
        {
            return false;
        }

        if (leaf.NotAfter < negotiation.Now)
        {
            negotiation.Refuse(TlsRefusal.Expired, $"the certificate expired {leaf.NotAfter:yyyy-MM-dd HH:mm:ss'Z'}");
            return false;
        }

        return true;
    }

    /// <summary>All that is asked of the peer was copied. A client's session of TLS 1.2 is in the cache already and may be in use elsewhere: it stays as it is.</summary>
    public static void ForgetPeer(nint ssl, bool isServer)
    {
        if (isServer || LibSsl.Version(ssl) == (int)TlsVersions.Tls13)
        {
            SessionPeer.Forget(ssl, LibSsl.Session(ssl));
        }
    }

    public static TlsDetails Details(nint ssl, Negotiation negotiation, IReadOnlyList<string> protocols) => new()
    {
        Version = LibSsl.Version(ssl) == (int)TlsVersions.Tls13 ? "TLSv1.3" : "TLSv1.2",
        Cipher = CipherNames.GetOrAdd(LibSsl.CurrentCipher(ssl), static cipher => Marshal.PtrToStringUTF8((nint)LibSsl.CipherName(cipher)) ?? ""),
        ApplicationProtocol = Protocol(ssl, protocols),
        ServerName = negotiation.ServerName,
        IsResumed = LibSsl.IsResumed(ssl) == 1,
        Peer = negotiation.Peer,
        PeerIdentity = negotiation.PeerIdentity,
    };

    private static string? Protocol(nint ssl, IReadOnlyList<string> known)
    {
        byte* name;
        uint length;
        LibSsl.SelectedProtocol(ssl, &name, &length);
        if (length == 0)
        {
            return null;
        }

        var bytes = new ReadOnlySpan<byte>(name, (int)length);
        foreach (var protocol in known)
        {
            if (Ascii.Equals(bytes, protocol))
            {
                return protocol;
            }
        }

        return Encoding.Latin1.GetString(bytes);
    }
}
