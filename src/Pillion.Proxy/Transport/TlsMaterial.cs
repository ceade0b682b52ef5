using Pillion.Core.Configuration;
using Pillion.Core.Identity;
using Pillion.Core.Identity.Secrets;
using Pillion.Net.Tls;
using Pillion.Proxy.Configuration.Transport;
using Pillion.Proxy.Routing;

namespace Pillion.Proxy.Transport;

/// <summary>What a TLS context is made of, where all of it may change under us: certificates, authorities, our own identity.</summary>
internal sealed class TlsMaterial
{
    private readonly TlsConfig _config;
    private readonly Secret<IdentitySnapshot>? _identity;
    private readonly List<Secret<TlsCertificate>> _certificates = [];
    private readonly ValueList<SpiffePattern> _allowed = [];
    private readonly ValueList<NameMatcher> _names = [];
    private readonly CertificatePins _pins = CertificatePins.None;
    private Secret<TrustStore>? _authorities;

    private TlsMaterial(TlsConfig config, Secret<IdentitySnapshot>? identity)
    {
        _config = config;
        _identity = config.UseIdentity || config.Trust is { UseIdentity: true } ? identity : null;
        if (config.Trust is { } trust)
        {
            _allowed = new([.. trust.Identities.Select(text => SpiffePattern.TryParse(text, out var pattern, out _) ? pattern : throw new FormatException($"'{text}' is no SPIFFE id"))]);
            _names = new([.. trust.Names.Select(Matcher)]);
            _pins = new CertificatePins(trust.Hashes, []);
        }
    }

    /// <summary>The SPIFFE id of the certificate that this side shows; null where it is none.</summary>
    public string? OwnIdentity => _config.UseIdentity ? _identity?.Current.Id.ToString() : _certificates is [var first, ..] && first.Current.Leaf.UriNames is [var uri, ..] ? uri : null;

    /// <summary>Reads what the configuration names. Mistakes go to the list, with what would be right.</summary>
    public static TlsMaterial Read(TlsConfig config, IEnumerable<CertificateConfig> certificates, Secret<IdentitySnapshot>? identity, SecretSet secrets, List<string> mistakes)
    {
        var material = new TlsMaterial(config, identity);
        var needsIdentity = config.UseIdentity || config.Trust is { UseIdentity: true };
        if (needsIdentity && identity is null && mistakes.Count == 0)
        {
            mistakes.Add($"{config.Source}: this TLS needs the identity of the workload, and the file gives none; add 'identity: DIRECTORY', as 'pillion certs init' makes one");
        }

        foreach (var certificate in certificates)
        {
            if (secrets.Certificate(new CertificateSource(certificate.Chain, certificate.Key, certificate.OcspStaple), out var fault) is { } secret)
            {
                material._certificates.Add(secret);
            }
            else
            {
                mistakes.Add($"{config.Source}: {fault}");
            }
        }

        if (config.Trust is { Authorities: { } authorities } trust)
        {
            material._authorities = secrets.Trust(new TrustSource(authorities, trust.RevocationList), out var fault);
            if (fault is not null)
            {
                mistakes.Add($"{config.Source}: {fault}");
            }
        }

        return material;
    }

    /// <summary>Each part as it is now: another object in the place of one means that it has changed.</summary>
    public object?[] Parts() => [_identity?.Current, _authorities?.Current, .. _certificates.Select(certificate => certificate.Current)];

    /// <summary>The parts are still those, asked for each connection.</summary>
    public bool IsMadeOf(object?[] parts)
    {
        if (!ReferenceEquals(parts[0], _identity?.Current) || !ReferenceEquals(parts[1], _authorities?.Current))
        {
            return false;
        }

        for (var i = 0; i < _certificates.Count; i++)
        {
            if (!ReferenceEquals(parts[i + 2], _certificates[i].Current))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Made of the same files as another, so that what was made of that one serves on.</summary>
    public bool IsSameAs(TlsMaterial other) => ReferenceEquals(_identity, other._identity) && Parts().SequenceEqual(other.Parts(), ReferenceEqualityComparer.Instance);

    /// <summary>The certificates to show, the first one where nothing else is asked for.</summary>
    public IReadOnlyList<TlsCertificate> Certificates() =>
        _config.UseIdentity && _identity is not null ? [_identity.Current.Certificate, .. _certificates.Select(secret => secret.Current)] : [.. _certificates.Select(secret => secret.Current)];

    /// <summary>Whom to believe; null believes everybody (a client) or asks nobody (a server).</summary>
    /// <param name="serverName">Must be among the names of the certificate, besides what the configuration asks; null asks only that.</param>
    public PeerTrust? Trust(string? serverName)
    {
        if (_config.Trust is not { } trust)
        {
            return null;
        }

        if (trust.UseIdentity && _identity is not null)
        {
            return new SpiffeTrust(_identity.Current.Bundles, _allowed);
        }

        var store = _authorities?.Current ?? TrustStore.SystemDefault;
        return new NamesTrust(store, _names, _pins, serverName is null ? null : NameMatcher.OfHost(serverName));
    }

    private static NameMatcher Matcher(NameMatchConfig name) => name.Match == NameComparison.Regex
        ? new NameMatcher(name.Kind, RegexSyntax.Full(name.Value, name.IgnoreCase))
        : new NameMatcher(name.Kind, KindOf(name.Match), name.Value, name.IgnoreCase);

    private static NameMatchKind KindOf(NameComparison kind) => kind switch
    {
        NameComparison.Prefix => NameMatchKind.Prefix,
        NameComparison.Suffix => NameMatchKind.Suffix,
        NameComparison.Contains => NameMatchKind.Contains,
        _ => NameMatchKind.Exact,
    };
}
