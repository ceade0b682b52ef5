namespace Pillion.Load;

/// <summary>What the server gave to resume with.</summary>
internal sealed class TlsSession(nint handle) : IDisposable
{
    public nint Handle => handle;

    public void Dispose() => Libssl.SSL_SESSION_free(handle);
}
