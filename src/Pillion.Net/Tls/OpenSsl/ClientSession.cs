using System.Runtime.InteropServices;

namespace Pillion.Net.Tls.OpenSsl;

/// <summary>Owns one reference to an SSL_SESSION, and knows whose it is; null where the server was not verified.</summary>
internal sealed class ClientSession : SafeHandle
{
    public ClientSession(nint session, PeerCertificate? server)
        : base(0, ownsHandle: true)
    {
        SetHandle(session);
        Server = server;
    }

    public override bool IsInvalid => handle == 0;

    public nint Value => handle;

    public PeerCertificate? Server { get; }

    /// <summary>The session is still good, and its server's certificate too; otherwise the server is verified anew.</summary>
    public bool MayBeResumed(DateTimeOffset now) =>
        LibSsl.IsResumable(handle) == 1 && (Server is null || (Server.NotAfter >= now && Server.NotBefore <= now));

    protected override bool ReleaseHandle()
    {
        LibSsl.FreeSession(handle);
        return true;
    }
}
