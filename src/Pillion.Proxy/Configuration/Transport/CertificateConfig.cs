using Pillion.Core.Identity.Secrets;

namespace Pillion.Proxy.Configuration.Transport;

/// <summary>A certificate chain with its key (Envoy: TlsCertificate).</summary>
internal sealed record CertificateConfig
{
    public required SecretPart Chain { get; init; }

    public required SecretPart Key { get; init; }

    /// <summary>A DER-encoded OCSP response for the leaf.</summary>
    public SecretPart? OcspStaple { get; init; }
}
