using Pillion.Net.Memory;
using Pillion.Net.Tls.OpenSsl;

namespace Pillion.Net.Tls;

/// <summary>
/// A server's settings in OpenSSL's form. Loops share it. Its ticket keys are its own: what another context, before or after it, has
/// trusted cannot be resumed here.
/// </summary>
internal sealed unsafe class TlsServerContext : SslContext
{
    /// <exception cref="InvalidOperationException">The settings cannot be used; the message says why, in words for their author.</exception>
    public TlsServerContext(TlsServerSettings settings)
        : base(isServer: true)
    {
        Settings = settings;
        Require(settings.Certificates.Count > 0, "a TLS server needs a certificate");
        SetCommon(settings.Min, settings.Max, settings.CipherSuites, settings.Groups, settings.Resumption);
        LibSsl.SetOptions(Handle, LibSsl.OptionServerPreference | LibSsl.OptionPrioritizeChaCha);
        UseCertificate(settings.Certificates[0]);
        SetVerification();
        SetResumption();
        LibSsl.ControlCallback(Handle, LibSsl.ControlServerNameCallback, ServerCallbacks.OnName);
        LibSsl.ControlCallback(Handle, LibSsl.ControlStatusCallback, ServerCallbacks.OnStatus);
        if (settings.ApplicationProtocols.Count > 0)
        {
            ProtocolList(settings.ApplicationProtocols);
            LibSsl.SetProtocolCallback(Handle, ServerCallbacks.OnProtocols, null);
        }
    }

    public TlsServerSettings Settings { get; }

    internal SslEngine? CreateEngine(SlabPool slabs) => CreateEngine(slabs, sessions: null);

    private void SetVerification()
    {
        if (Settings.ClientCertificates == ClientCertificates.None)
        {
            LibSsl.SetVerify(Handle, LibSsl.VerifyNone, null);
            return;
        }

        Require(Settings.Trust is not null, "client certificates are asked for and nothing says whom to trust");
        var isRequired = Settings.ClientCertificates == ClientCertificates.Required;
        LibSsl.SetVerify(Handle, LibSsl.VerifyPeer | (isRequired ? LibSsl.VerifyFailIfNoPeerCertificate : 0), null);
        LibSsl.SetVerifyCallback(Handle, ChainVerification.Callback, null);
    }

    // All state is in the ticket; nothing is kept here. The random context makes a session of elsewhere foreign even where keys would fit.
    private void SetResumption()
    {
        const int IdLength = 32;
        var id = stackalloc byte[IdLength];
        Require(LibCrypto.RandomBytes(id, IdLength) == 1, "OpenSSL has no random numbers");
        LibSsl.SetSessionIdContext(Handle, id, IdLength);
        LibSsl.ControlContext(Handle, LibSsl.ControlSessionCacheMode, (nint)LibSsl.SessionCacheOff, null);
        LibSsl.SetTicketCount(Handle, Settings.Resumption ? 1u : 0u);
        LibSsl.SetTicketCallbacks(Handle, ServerCallbacks.OnNewTicket, ServerCallbacks.OnTicket, null);
    }
}
