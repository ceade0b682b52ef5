using Pillion.Net.Tls;

namespace Pillion.Core.Identity;

/// <summary>Who we are at one moment and whom we believe, all from the same files. Immutable; each rotation makes another.</summary>
internal sealed class IdentitySnapshot
{
    public required SpiffeId Id { get; init; }

    /// <summary>With its chain, key and staple: what we show to peers.</summary>
    public required TlsCertificate Certificate { get; init; }

    /// <summary>Against what peers are verified, by their trust domain.</summary>
    public required TrustBundles Bundles { get; init; }

    /// <summary>When the certificate, or one of its chain, expires.</summary>
    public DateTimeOffset NotAfter => Certificate.NotAfter;
}
