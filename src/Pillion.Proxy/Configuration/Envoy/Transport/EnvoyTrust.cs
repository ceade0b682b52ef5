using Pillion.Core.Identity;
using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;
using Pillion.Proxy.Configuration.Reading;
using Pillion.Proxy.Configuration.Transport;

namespace Pillion.Proxy.Configuration.Envoy.Transport;

/// <summary>CertificateValidationContext: whom to believe. As in Envoy nobody is verified where no authorities are given.</summary>
internal static class EnvoyTrust
{
    public static PeerTrustConfig? Read(ConfigValue value)
    {
        using var map = value.AsMap("CertificateValidationContext");
        var authorities = map.Optional("trusted_ca");
        var system = map.Optional("system_root_certs");
        system.AsMap().Dispose();
        var trust = new PeerTrustConfig
        {
            Authorities = EnvoyDataSource.Read(authorities),
            UseSystem = system.Exists,
            RevocationList = EnvoyDataSource.Read(map.Optional("crl")),
            Names = ReadNames(map),
            Hashes = map.Optional("verify_certificate_hash").AsTexts(FingerprintText.Read),
        };
        _ = map.Optional("trust_chain_verification").AsOneOf(EnvoyNames.ChainVerifications, "");
        var expired = map.Optional("allow_expired_certificate");
        if (expired.AsBool(false))
        {
            expired.Fail("an expired certificate is never believed", "remove it, and renew the certificate");
        }

        map.Refuse("verify_certificate_spki", "public keys are not compared", "use verify_certificate_hash or match_typed_subject_alt_names");
        map.Refuse("verify_subject_alt_name", "is of the v2 API", "use match_typed_subject_alt_names");
        if (authorities.Exists && system.Exists)
        {
            system.Fail("stands beside trusted_ca", "give one of the two");
        }

        if (authorities.Exists || system.Exists)
        {
            return trust;
        }

        // Names and hashes of a certificate that nobody vouches for are whatever its maker wrote; Envoy refuses the former too.
        if (trust is not { RevocationList: null, Names.Count: 0, Hashes.Count: 0 })
        {
            map.Fail("compares certificates that nothing verifies", "give trusted_ca");
        }

        return null;
    }

    /// <summary>As in Envoy, one who compares certificates must be shown one.</summary>
    public static bool Demands(PeerTrustConfig? trust) => trust is { Names.Count: > 0 } or { Hashes.Count: > 0 };

    private static ValueList<NameMatchConfig> ReadNames(ConfigMap map)
    {
        var typed = map.Optional("match_typed_subject_alt_names");
        var old = map.Optional("match_subject_alt_names");
        var names = typed.AsList(ReadTyped);
        var untyped = old.AsList(item => ToName(NameType.Any, EnvoyValueMatch.ReadText(item, new() { Name = "" })));
        if (typed.Exists && old.Exists)
        {
            old.Fail("stands beside match_typed_subject_alt_names", "keep match_typed_subject_alt_names");
        }

        return typed.Exists ? names : untyped;
    }

    private static NameMatchConfig? ReadTyped(ConfigValue value)
    {
        using var map = value.AsMap("SubjectAltNameMatcher");
        var kind = map.Required("san_type").AsOneOf(EnvoyNames.NameKinds, NameType.Dns);
        return ToName(kind, EnvoyValueMatch.ReadText(map.Required("matcher"), new() { Name = "" }));
    }

    private static NameMatchConfig? ToName(NameType kind, ValueMatchConfig? match) => match?.Kind switch
    {
        null => null,
        ValueMatchKind.Prefix => new(kind, NameComparison.Prefix, match.Value, match.IgnoreCase),
        ValueMatchKind.Suffix => new(kind, NameComparison.Suffix, match.Value, match.IgnoreCase),
        ValueMatchKind.Contains => new(kind, NameComparison.Contains, match.Value, match.IgnoreCase),
        ValueMatchKind.Regex => new(kind, NameComparison.Regex, match.Value, match.IgnoreCase),
        _ => new(kind, NameComparison.Exact, match.Value, match.IgnoreCase),
    };
}
