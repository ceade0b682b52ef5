namespace Pillion.Net.Tls;

/// <summary>What a handshake settled; the same for as long as the connection lives.</summary>
internal sealed record TlsDetails
{
    /// <summary>TLSv1.2 or TLSv1.3.</summary>
    public required string Version { get; init; }

    /// <summary>OpenSSL's name of the suite, such as TLS_AES_128_GCM_SHA256.</summary>
    public required string Cipher { get; init; }

    /// <summary>The application protocol agreed on (RFC 7301), such as h2; null where none was.</summary>
    public string? ApplicationProtocol { get; init; }

    /// <summary>The name the client asked for (RFC 6066 §3), lower case; null where it named none.</summary>
    public string? ServerName { get; init; }

    public bool IsResumed { get; init; }

    /// <summary>The peer's certificate where it gave one; it has been verified.</summary>
    public PeerCertificate? Peer { get; init; }

    /// <summary>The one URI of an X.509-SVID that was verified against the bundle of its own trust domain; null where the peer is not known by such.</summary>
    public string? PeerIdentity { get; init; }
}
