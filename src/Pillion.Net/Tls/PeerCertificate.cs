namespace Pillion.Net.Tls;

/// <summary>The certificate that a peer proved to hold, as far as policies, logs and X-Forwarded-Client-Cert ask.</summary>
internal sealed record PeerCertificate
{
    public required ReadOnlyMemory<byte> Der { get; init; }

    /// <summary>RFC 2253 form, as Envoy writes it.</summary>
    public required string Subject { get; init; }

    public IReadOnlyList<string> UriNames { get; init; } = [];

    public IReadOnlyList<string> DnsNames { get; init; } = [];

    /// <summary>Addresses among the alternative names, in their text form.</summary>
    public IReadOnlyList<string> IpNames { get; init; } = [];

    /// <summary>SHA-256 of <see cref="Der"/>, 64 lower-case hex digits (XFCC: Hash).</summary>
    public required string Sha256 { get; init; }

    public required string SerialNumber { get; init; }

    public required DateTimeOffset NotBefore { get; init; }

    public required DateTimeOffset NotAfter { get; init; }

    /// <summary>The leaf says that it is a CA (basicConstraints).</summary>
    public bool IsAuthority { get; init; }

    /// <summary>The bits of keyUsage as RFC 5280 §4.2.1.3 numbers them (bit 0 digitalSignature, 5 keyCertSign, 6 cRLSign); null where the extension is missing.</summary>
    public int? KeyUsage { get; init; }
}
