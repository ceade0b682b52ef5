using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Pillion.Net.Memory;
using Pillion.Net.Tls.OpenSsl;

namespace Pillion.Net.Tls;

/// <summary>A client's settings in OpenSSL's form, with the sessions that may be resumed. Loops share it.</summary>
internal sealed unsafe class TlsClientContext : SslContext
{
    private readonly SessionCache _sessions = new();

    /// <exception cref="InvalidOperationException">The settings cannot be used; the message says why, in words for their author.</exception>
    public TlsClientContext(TlsClientSettings settings)
        : base(isServer: false)
    {
        Settings = settings;
        SetCommon(settings.Min, settings.Max, settings.CipherSuites, settings.Groups, settings.Resumption);
        if (settings.Certificate is { } certificate)
        {
            UseCertificate(certificate);
        }

        LibSsl.SetVerify(Handle, settings.Trust is null ? LibSsl.VerifyNone : LibSsl.VerifyPeer, null);
        LibSsl.SetVerifyCallback(Handle, ChainVerification.Callback, null);
        if (settings.ApplicationProtocols.Count > 0)
        {
            var list = ProtocolList(settings.ApplicationProtocols);
            fixed (byte* bytes = list)
            {
                // The one function of its family that returns 0 when it is done.
                Require(LibSsl.OfferProtocols(Handle, bytes, (uint)list.Length) == 0, "OpenSSL does not take the application protocols");
            }
        }

        LibSsl.ControlContext(
            Handle, LibSsl.ControlSessionCacheMode, (nint)(settings.Resumption ? LibSsl.SessionCacheClient | LibSsl.SessionCacheNoInternalStore : LibSsl.SessionCacheOff), null);
        if (settings.Resumption)
        {
            LibSsl.SetNewSessionCallback(Handle, &KeepSession);
        }
    }

    public TlsClientSettings Settings { get; }

    /// <summary>Sessions that are kept now.</summary>
    public int SessionCount => _sessions.Count;

    internal SslEngine? CreateEngine(SlabPool slabs, string? serverName, string? resumptionKey) => CreateEngine(
        slabs, Settings.Resumption && (serverName is not null || resumptionKey is not null) ? new SessionSlot(_sessions, $"{serverName}\n{resumptionKey}") : null);

    // Returns 1 to say that the session's reference is ours now.
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int KeepSession(nint ssl, nint session) => SslEngine.Current.Sessions?.Keep(session) == true ? 1 : 0;
}
