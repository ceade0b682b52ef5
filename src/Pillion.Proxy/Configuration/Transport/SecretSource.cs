namespace Pillion.Proxy.Configuration.Transport;

/// <summary>Where a certificate, key or list comes from: a file, which is watched, or the configuration itself (Envoy: DataSource).</summary>
/// <param name="File">An absolute path, or one relative to the configuration file; null with <paramref name="Inline"/>.</param>
/// <param name="Inline">PEM text; base64 where the value is DER, as an OCSP answer is. Never shown in a message.</param>
internal sealed record SecretSource(string? File, string? Inline = null)
{
    public override string ToString() => File ?? "inline";
}

/// <summary>A certificate chain with its key (Envoy: TlsCertificate).</summary>
internal sealed record CertificateConfig
{
    public required SecretSource Chain { get; init; }

    public required SecretSource Key { get; init; }

    /// <summary>A DER-encoded OCSP response for the leaf.</summary>
    public SecretSource? OcspStaple { get; init; }
}
