namespace Pillion.Net.Tls;

/// <summary>How a server does TLS.</summary>
internal sealed record TlsServerSettings
{
    /// <summary>
    /// At least one. The first is used where the client asks for no name, or for one that none of them has; an exact name goes before a wildcard.
    /// </summary>
    public required IReadOnlyList<TlsCertificate> Certificates { get; init; }

    public ClientCertificates ClientCertificates { get; init; }

    /// <summary>Needed to ask for client certificates.</summary>
    public PeerTrust? Trust { get; init; }

    /// <summary>In order of preference. With a client that offers some and none of these, the handshake is refused (RFC 7301 §3.2). Empty: not negotiated.</summary>
    public IReadOnlyList<string> ApplicationProtocols { get; init; } = [];

    public TlsVersions Min { get; init; } = TlsVersions.Tls12;

    public TlsVersions Max { get; init; } = TlsVersions.Tls13;

    /// <summary>Suites of TLS 1.2 as OpenSSL lists them; null is <see cref="TlsDefaults.CipherSuites"/>. Those of 1.3 are all safe and not for choice.</summary>
    public string? CipherSuites { get; init; }

    /// <summary>Groups for the key exchange as OpenSSL lists them; null is <see cref="TlsDefaults.Groups"/>.</summary>
    public string? Groups { get; init; }

    /// <summary>Tickets, with keys that live and die with the context.</summary>
    public bool Resumption { get; init; } = true;
}
