using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;
using Pillion.Proxy.Configuration.Reading;
using Pillion.Proxy.Configuration.Transport;

namespace Pillion.Proxy.Configuration.Envoy.Transport;

/// <summary>CommonTlsContext: what both sides of TLS are told.</summary>
internal sealed record EnvoyCommonTls
{
    private const string SecretsComeLater = "secrets from a server (SDS) come with the control plane";

    public ValueList<CertificateConfig> Certificates { get; init; } = [];

    /// <summary>Certificates were written, if only as ones that we cannot have.</summary>
    public bool HasCertificates { get; init; }

    public PeerTrustConfig? Trust { get; init; }

    public ValueList<string> ApplicationProtocols { get; init; } = [];

    public int MinVersion { get; init; }

    public int MaxVersion { get; init; }

    public ValueList<string> CipherSuites { get; init; } = [];

    public ValueList<string> Groups { get; init; } = [];

    public static EnvoyCommonTls Read(ConfigValue value)
    {
        using var map = value.AsMap("CommonTlsContext");
        var certificates = map.Optional("tls_certificates");
        var read = certificates.AsList(ReadCertificate);
        var hasSecrets = map.Has("tls_certificate_sds_secret_configs");
        map.Refuse("tls_certificate_sds_secret_configs", SecretsComeLater, "use tls_certificates with filename; the files are watched");
        map.Refuse("validation_context_sds_secret_config", SecretsComeLater, "use validation_context with trusted_ca: { filename: … }");
        var common = ReadParameters(map.Optional("tls_params"));
        return common with
        {
            Certificates = read,
            HasCertificates = certificates.Count > 0 || hasSecrets,
            Trust = ReadTrust(map),
            ApplicationProtocols = TlsNames.ReadProtocols(map.Optional("alpn_protocols")),
        };
    }

    private static PeerTrustConfig? ReadTrust(ConfigMap map)
    {
        var only = map.Optional("validation_context");
        var combined = map.Optional("combined_validation_context");
        if (only.Exists && combined.Exists)
        {
            combined.Fail("stands beside validation_context", "keep validation_context");
        }

        var trust = EnvoyTrust.Read(only);
        using var both = combined.AsMap();
        var fallback = EnvoyTrust.Read(both.Required("default_validation_context"));
        both.Refuse("validation_context_sds_secret_config", SecretsComeLater, "keep default_validation_context, with trusted_ca");
        return only.Exists ? trust : fallback;
    }

    private static CertificateConfig? ReadCertificate(ConfigValue value)
    {
        using var map = value.AsMap("TlsCertificate");
        var chain = EnvoyDataSource.Read(map.Required("certificate_chain"));
        var key = EnvoyDataSource.Read(map.Required("private_key"));
        var staple = EnvoyDataSource.ReadBinary(map.Optional("ocsp_staple"));
        return chain is null || key is null ? null : new() { Chain = chain, Key = key, OcspStaple = staple };
    }

    private static EnvoyCommonTls ReadParameters(ConfigValue value)
    {
        using var map = value.AsMap("TlsParameters");
        var min = map.Optional("tls_minimum_protocol_version");
        var max = map.Optional("tls_maximum_protocol_version").AsOneOf(EnvoyNames.TlsVersions, 0) is var version and > 0 ? version : 13;
        var parameters = new EnvoyCommonTls
        {
            MinVersion = min.AsOneOf(EnvoyNames.TlsVersions, 0) is var least and > 0 ? least : 12,
            MaxVersion = max,
            CipherSuites = TlsNames.ReadSuites(map.Optional("cipher_suites")),
            Groups = TlsNames.ReadGroups(map.Optional("ecdh_curves")),
        };
        if (parameters.MinVersion > parameters.MaxVersion)
        {
            min.FailText("is above tls_maximum_protocol_version", "use TLSv1_2, or leave one of the two out");
        }

        return parameters;
    }
}
