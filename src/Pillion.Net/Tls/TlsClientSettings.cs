namespace Pillion.Net.Tls;

/// <summary>How a client does TLS.</summary>
internal sealed record TlsClientSettings
{
    /// <summary>Given where the server asks for one.</summary>
    public TlsCertificate? Certificate { get; init; }

    /// <summary>Null: the server is not verified, and anybody may be it.</summary>
    public PeerTrust? Trust { get; init; }

    /// <summary>Offered in order of preference; empty: not negotiated.</summary>
    public IReadOnlyList<string> ApplicationProtocols { get; init; } = [];

    public TlsVersions Min { get; init; } = TlsVersions.Tls12;

    public TlsVersions Max { get; init; } = TlsVersions.Tls13;

    /// <summary>Suites of TLS 1.2 as OpenSSL lists them; null is <see cref="TlsDefaults.CipherSuites"/>.</summary>
    public string? CipherSuites { get; init; }

    /// <summary>Groups for the key exchange as OpenSSL lists them; null is <see cref="TlsDefaults.Groups"/>.</summary>
    public string? Groups { get; init; }

    /// <summary>Sessions are kept with the context and offered again, by server name and endpoint.</summary>
    public bool Resumption { get; init; } = true;
}
