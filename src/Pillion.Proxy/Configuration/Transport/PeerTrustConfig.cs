using Pillion.Core.Identity;
using Pillion.Core.Identity.Secrets;
using Pillion.Core.Configuration;

namespace Pillion.Proxy.Configuration.Transport;

/// <summary>How a value of a name is compared (Envoy: StringMatcher).</summary>
internal enum NameComparison
{
    Exact,
    Prefix,
    Suffix,
    Contains,
    Regex,
}

/// <summary>One accepted alternative name.</summary>
internal sealed record NameMatchConfig(NameType Kind, NameComparison Match, string Value, bool IgnoreCase = false);

/// <summary>Whom to believe (Envoy: CertificateValidationContext).</summary>
internal sealed record PeerTrustConfig
{
    /// <summary>Verify SPIFFE identities against the bundles of the workload's own identity and of its federated trust domains.</summary>
    public bool UseIdentity { get; init; }

    /// <summary>Authorities; null with <see cref="UseIdentity"/> or <see cref="UseSystem"/>.</summary>
    public SecretPart? Authorities { get; init; }

    /// <summary>The authorities that the system trusts.</summary>
    public bool UseSystem { get; init; }

    public SecretPart? RevocationList { get; init; }

    /// <summary>SPIFFE ids that are accepted: exact, <c>spiffe://td/*</c> or a prefix that ends in <c>/*</c>. Empty with <see cref="UseIdentity"/>: all of the known trust domains.</summary>
    public ValueList<string> Identities { get; init; } = [];

    /// <summary>One must fit; empty accepts every verified certificate (Envoy: match_typed_subject_alt_names).</summary>
    public ValueList<NameMatchConfig> Names { get; init; } = [];

    /// <summary>SHA-256 of accepted leaf certificates, 64 lower-case hex digits; empty is any (Envoy: verify_certificate_hash).</summary>
    public ValueList<string> Hashes { get; init; } = [];
}
