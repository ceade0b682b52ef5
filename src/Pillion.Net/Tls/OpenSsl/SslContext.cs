using System.Text;
using Pillion.Net.Memory;

namespace Pillion.Net.Tls.OpenSsl;

/// <summary>What servers and clients set on an SSL_CTX alike. It is complete when its constructor is, and from then on safe from any thread.</summary>
internal abstract unsafe class SslContext : IDisposable
{
    private readonly bool _isServer;
    private readonly SslContextHandle _handle;

    protected SslContext(bool isServer)
    {
        OpenSslLibrary.Require();
        _isServer = isServer;
        LibCrypto.ClearErrors();
        _handle = new SslContextHandle(LibSsl.NewContext(isServer ? LibSsl.ServerMethod() : LibSsl.ClientMethod()));
        if (_handle.IsInvalid)
        {
            throw new InvalidOperationException($"OpenSSL made no context: {OpenSslError.Take().Text}");
        }
    }

    internal KnownPeers Peers { get; } = new();

    /// <summary>SSL_CTX, to be used by constructors only.</summary>
    protected nint Handle => _handle.Value;

    /// <summary>New connections are not made of it any more; those that are there keep what they need.</summary>
    public void Dispose() => _handle.Dispose();

    /// <summary>Null: the context was disposed of, or memory is short.</summary>
    protected SslEngine? CreateEngine(SlabPool slabs, SessionSlot? sessions)
    {
        var isHeld = false;
        try
        {
            _handle.DangerousAddRef(ref isHeld);
            return SslEngine.Create(_handle.Value, _isServer, slabs, sessions);
        }
        catch (ObjectDisposedException)
        {
            return null;
        }
        finally
        {
            if (isHeld)
            {
                _handle.DangerousRelease();
            }
        }
    }

    protected void SetCommon(TlsVersions min, TlsVersions max, string? cipherSuites, string? groups, bool resumption)
    {
        if (min > max)
        {
            throw new InvalidOperationException($"the oldest TLS version to speak ({min}) is newer than the newest ({max})");
        }

        LibSsl.ControlContext(Handle, LibSsl.ControlMinProtocol, (nint)min, null);
        LibSsl.ControlContext(Handle, LibSsl.ControlMaxProtocol, (nint)max, null);
        LibSsl.ControlContext(Handle, LibSsl.ControlMode, (nint)(LibSsl.ModeReleaseBuffers | LibSsl.ModeAcceptMovingWriteBuffer | LibSsl.ModeAutoRetry), null);
        LibSsl.SetOptions(Handle, LibSsl.OptionNoRenegotiation | LibSsl.OptionNoCompression | (resumption ? 0 : LibSsl.OptionNoTicket));
        fixed (byte* list = CString(cipherSuites ?? TlsDefaults.CipherSuites))
        {
            Require(LibSsl.SetCipherList(Handle, list) == 1, $"'{cipherSuites}' names no TLS 1.2 cipher suite that OpenSSL knows");
        }

        fixed (byte* list = CString(TlsDefaults.CipherSuites13))
        {
            Require(LibSsl.SetCipherSuites(Handle, list) == 1, "OpenSSL lacks the cipher suites of TLS 1.3");
        }

        fixed (byte* list = CString(groups ?? TlsDefaults.Groups))
        {
            Require(LibSsl.ControlContext(Handle, LibSsl.ControlGroupsList, 0, list) == 1, $"'{groups}' is no list of groups that OpenSSL knows; such as '{TlsDefaults.Groups}'");
        }
    }

    protected void UseCertificate(TlsCertificate certificate) =>
        Require(certificate.UseForContext(Handle), $"OpenSSL does not take the certificate '{certificate.Leaf.Subject}'");

    protected void Require(bool isDone, string problem)
    {
        if (!isDone)
        {
            var error = OpenSslError.Take();
            Dispose();
            throw new InvalidOperationException($"{problem} ({error.Text})");
        }
    }

    /// <summary>RFC 7301 §3.1: each name behind its length.</summary>
    protected static byte[] ProtocolList(IReadOnlyList<string> protocols)
    {
        var list = new List<byte>();
        foreach (var protocol in protocols)
        {
            if (protocol.Length is 0 or > byte.MaxValue || !Ascii.IsValid(protocol))
            {
                throw new InvalidOperationException($"'{protocol}' is no name of an application protocol");
            }

            list.Add((byte)protocol.Length);
            list.AddRange(Encoding.ASCII.GetBytes(protocol));
        }

        return [.. list];
    }

    private static byte[] CString(string text) => Encoding.UTF8.GetBytes(text + '\0');
}
