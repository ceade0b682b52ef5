using System.Runtime.InteropServices;

namespace Pillion.Net.Tls.OpenSsl;

/// <summary>Owns one reference to an SSL_SESSION.</summary>
internal sealed class ClientSession : SafeHandle
{
    public ClientSession(nint session)
        : base(0, ownsHandle: true) => SetHandle(session);

    public override bool IsInvalid => handle == 0;

    public nint Value => handle;

    /// <summary>The server's certificate is still good, and the session too. Who cannot be told from it is verified anew.</summary>
    public bool MayBeResumed(DateTimeOffset now) =>
        LibSsl.IsResumable(handle) == 1 && (LibSsl.PeerOfSession(handle) is not (not 0 and var peer)
            || (CertificateReader.Time(LibCrypto.NotAfter(peer)) >= now && CertificateReader.Time(LibCrypto.NotBefore(peer)) <= now));

    protected override bool ReleaseHandle()
    {
        LibSsl.FreeSession(handle);
        return true;
    }
}
