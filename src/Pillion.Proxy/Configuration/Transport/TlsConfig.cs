using Pillion.Core.Configuration;
using Pillion.Net.Tls;

namespace Pillion.Proxy.Configuration.Transport;

/// <summary>What both sides of TLS are told (Envoy: CommonTlsContext).</summary>
internal abstract record TlsConfig
{
    /// <summary>Show the workload's own identity.</summary>
    public bool UseIdentity { get; init; }

    /// <summary>Whom to believe; null does not ask (a server) or does not verify (a client).</summary>
    public PeerTrustConfig? Trust { get; init; }

    /// <summary>ALPN names in order of preference; empty follows from what is spoken.</summary>
    public ValueList<string> ApplicationProtocols { get; init; } = [];

    /// <summary>12 or 13.</summary>
    public int MinVersion { get; init; } = 12;

    public int MaxVersion { get; init; } = 13;

    /// <summary>Suites for TLS 1.2 in OpenSSL's names; empty are the safe ones (ECDHE with AES-GCM or ChaCha20-Poly1305).</summary>
    public ValueList<string> CipherSuites { get; init; } = [];

    /// <summary>Groups for key agreement in OpenSSL's names; empty are X25519 and P-256.</summary>
    public ValueList<string> Groups { get; init; } = [];

    /// <summary>Sessions may be resumed: tickets are given, or kept and shown again.</summary>
    public bool Resumption { get; init; } = true;

    public SourceLine Source { get; init; }
}

/// <summary>TLS that ends here (Envoy: DownstreamTlsContext).</summary>
internal sealed record DownstreamTlsConfig : TlsConfig
{
    /// <summary>The first is shown where no name fits; others by the name that the client asks for.</summary>
    public ValueList<CertificateConfig> Certificates { get; init; } = [];

    public ClientCertificates ClientCertificates { get; init; }

    /// <summary>From the first byte to the end of the handshake (Envoy: transport_socket_connect_timeout, there off).</summary>
    public TimeSpan HandshakeTimeout { get; init; } = TimeSpan.FromSeconds(10);
}

/// <summary>TLS that begins here (Envoy: UpstreamTlsContext).</summary>
internal sealed record UpstreamTlsConfig : TlsConfig
{
    /// <summary>Shown when the upstream asks; null shows none, or the workload's own identity.</summary>
    public CertificateConfig? Certificate { get; init; }

    /// <summary>The name to ask for; null is the endpoint's own host name where it has one (Envoy: sni, auto_host_sni).</summary>
    public string? ServerName { get; init; }

    /// <summary>The certificate must be for the name that is asked for, besides what <see cref="TlsConfig.Trust"/> says (Envoy: auto_sni_san_validation).</summary>
    public bool VerifyServerName { get; init; }
}
