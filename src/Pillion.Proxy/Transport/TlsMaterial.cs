using System.Text;
using Pillion.Core.Configuration;
using Pillion.Core.Identity;
using Pillion.Core.Identity.Secrets;
using Pillion.Net.Tls;
using Pillion.Proxy.Configuration.Transport;

namespace Pillion.Proxy.Transport;

/// <summary>What a TLS context is made of, where all of it may change under us: certificates, authorities, our own identity.</summary>
internal sealed class TlsMaterial
{
    private readonly TlsConfig _config;
    private readonly Secret<IdentitySnapshot>? _identity;
    private readonly List<Held<TlsCertificate>> _certificates = [];
    private readonly ValueList<SpiffePattern> _allowed = [];
    private readonly ValueList<NameMatcher> _names = [];
    private readonly CertificatePins _pins = CertificatePins.None;
    private Held<TrustStore>? _authorities;

    private TlsMaterial(TlsConfig config, Secret<IdentitySnapshot>? identity)
    {
        _config = config;
        _identity = config.UseIdentity || config.Trust is { UseIdentity: true } ? identity : null;
        if (config.Trust is { } trust)
        {
            _allowed = new([.. trust.Identities.Select(text => SpiffePattern.TryParse(text, out var pattern, out _) ? pattern : throw new FormatException($"'{text}' is no SPIFFE id"))]);
            _names = new([.. trust.Names.Select(name => new NameMatcher(TypeOf(name.Kind), KindOf(name.Match), name.Value, name.IgnoreCase))]);
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
            if (HoldCertificate(certificate, secrets, out var problem) is { } held)
            {
                material._certificates.Add(held);
            }
            else
            {
                mistakes.Add($"{config.Source}: {problem}");
            }
        }

        if (config.Trust is { Authorities: { } authorities } trust)
        {
            if (HoldTrust(authorities, trust.RevocationList, secrets, out var problem) is { } held)
            {
                material._authorities = held;
            }
            else
            {
                mistakes.Add($"{config.Source}: {problem}");
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
        _config.UseIdentity && _identity is not null ? [_identity.Current.Certificate, .. _certificates.Select(held => held.Current)] : [.. _certificates.Select(held => held.Current)];

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
        var believed = new NamesTrust(store, _names, _pins);
        return serverName is null ? believed : new BothTrust(new NamesTrust(store, [NameMatcher.OfHost(serverName)]), believed);
    }

    private static Held<TlsCertificate>? HoldCertificate(CertificateConfig config, SecretSet secrets, out string problem)
    {
        problem = "";
        if (config is { Chain.File: { } chain, Key.File: { } key } && config.OcspStaple is null or { File: not null })
        {
            var secret = secrets.Certificate(new CertificateSource(chain, key, config.OcspStaple?.File), out var fault);
            problem = fault?.ToString() ?? "";
            return secret is null ? null : new Held<TlsCertificate>(secret, null);
        }

        var made = TlsCertificate.FromPem(Bytes(config.Chain), Bytes(config.Key), config.OcspStaple is null ? [] : Bytes(config.OcspStaple), out problem);
        return made is null ? null : new Held<TlsCertificate>(null, made);
    }

    private static Held<TrustStore>? HoldTrust(SecretSource authorities, SecretSource? list, SecretSet secrets, out string problem)
    {
        problem = "";
        if (authorities.File is { } file && list is null or { File: not null })
        {
            var secret = secrets.Trust(new TrustSource(file, list?.File), out var fault);
            problem = fault?.ToString() ?? "";
            return secret is null ? null : new Held<TrustStore>(secret, null);
        }

        var made = TrustStore.FromPem(Bytes(authorities), list is null ? [] : Bytes(list), out problem);
        return made is null ? null : new Held<TrustStore>(null, made);
    }

    private static byte[] Bytes(SecretSource source) => source.Inline is { } text ? Encoding.UTF8.GetBytes(text) : File.ReadAllBytes(source.File!);

    private static NameType TypeOf(Configuration.Transport.NameKind kind) => kind switch
    {
        NameKind.Dns => NameType.Dns,
        NameKind.Uri => NameType.Uri,
        NameKind.Ip => NameType.IpAddress,
        _ => NameType.Any,
    };

    private static Core.Identity.NameMatchKind KindOf(Configuration.Transport.NameMatchKind kind) => kind switch
    {
        Configuration.Transport.NameMatchKind.Prefix => Core.Identity.NameMatchKind.Prefix,
        Configuration.Transport.NameMatchKind.Suffix => Core.Identity.NameMatchKind.Suffix,
        Configuration.Transport.NameMatchKind.Contains => Core.Identity.NameMatchKind.Contains,
        Configuration.Transport.NameMatchKind.Regex => Core.Identity.NameMatchKind.Regex,
        _ => Core.Identity.NameMatchKind.Exact,
    };

    // From a file that is watched, or from the configuration itself.
    private readonly struct Held<T>(Secret<T>? secret, T? made)
        where T : class
    {
        public T Current => secret is null ? made! : secret.Current;
    }

    // Both have their say; the first refusal is the cause.
    private sealed class BothTrust(PeerTrust first, PeerTrust second) : PeerTrust
    {
        public override TrustVerdict Judge(PeerCertificate leaf)
        {
            var verdict = first.Judge(leaf);
            return verdict.Refusal == TlsRefusal.None ? second.Judge(leaf) : verdict;
        }
    }
}
