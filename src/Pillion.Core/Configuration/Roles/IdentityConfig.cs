using Pillion.Core.Configuration.Reading;
using Pillion.Core.Identity;

namespace Pillion.Core.Configuration.Roles;

/// <summary>Who this sidecar is, and whom it believes: an X.509-SVID with its key, and the authorities of each trust domain, in files that may rotate.</summary>
internal sealed record IdentityConfig
{
    /// <summary>Null: that of the certificate.</summary>
    public string? TrustDomain { get; init; }

    /// <summary>Null: that of the certificate.</summary>
    public string? Namespace { get; init; }

    /// <summary>PEM: the workload's certificate first, then intermediates.</summary>
    public required string Certificate { get; init; }

    public required string Key { get; init; }

    /// <summary>The authorities of our own trust domain.</summary>
    public required string Bundle { get; init; }

    /// <summary>Null: nothing is revoked.</summary>
    public string? Crl { get; init; }

    /// <summary>Null: no answer is stapled.</summary>
    public string? OcspStaple { get; init; }

    public ValueList<FederatedBundleConfig> Federated { get; init; } = [];

    /// <summary>Null: when a quarter of the certificate's life is left.</summary>
    public TimeSpan? WarnBefore { get; init; }

    public SourceLine Source { get; init; }

    /// <summary>Null when nothing was written, or nothing usable.</summary>
    public static IdentityConfig? Read(ConfigValue value)
    {
        if (value.IsText)
        {
            return value.Text.Length == 0 ? Empty(value) : value.AsFileOrNull() is { } directory ? OfDirectory(directory) with { Source = value.Source } : null;
        }

        using var map = value.AsMap();
        var certificate = map.Required("certificate", "PEM file with the workload's X.509-SVID and then its intermediates. `identity: DIR` is short for the files in a directory of `pillion certs init`.").AsFileOrNull();
        var key = map.Required("key", "PEM file with the certificate's private key, unencrypted.").AsFileOrNull();
        var bundle = map.Required("bundle", "PEM file with the authorities of the trust domain.").AsFileOrNull();
        var identity = new IdentityConfig
        {
            TrustDomain = map.Optional("trust_domain", "The trust domain; that of the certificate when absent. When given, the certificate must be of it.")
                .AsTextOrNull("trust domain", name => SpiffeId.ProblemOfTrustDomain(name) is null, "use letters in lower case, digits, '.', '-' and '_', such as example.org"),
            Namespace = map.Optional("namespace", "The workload's namespace; that of the certificate when absent. When given, the certificate must be of it.")
                .AsTextOrNull("namespace", ConfigName.IsRight, ConfigName.Remedy),
            Certificate = certificate ?? "",
            Key = key ?? "",
            Bundle = bundle ?? "",
            Crl = map.Optional("crl", "PEM file with revocation lists of the authorities in `bundle`.").AsFileOrNull(),
            OcspStaple = map.Optional("ocsp_staple", "DER file with the OCSP answer about our certificate, sent along with it.").AsFileOrNull(),
            Federated = ReadFederated(map.Optional("federated", "Other trust domains whose workloads are believed, each with the PEM file of its authorities.")),
            WarnBefore = map.Optional("warn_before", "How long before its end an unrenewed certificate is warned of; a quarter of its life when absent.").AsDurationOrNull(),
            Source = value.Source,
        };
        foreach (var federated in identity.Federated.Where(federated => federated.TrustDomain == identity.TrustDomain))
        {
            map.Optional("federated").Fail($"names our own trust domain {federated.TrustDomain}", "remove it; its authorities are those in bundle");
        }

        return certificate is null || key is null || bundle is null ? null : identity;
    }

    /// <summary>The names of the files as <c>pillion certs init</c> writes them.</summary>
    public static IdentityConfig OfDirectory(string directory) => new()
    {
        Certificate = Path.Combine(directory, "cert.pem"),
        Key = Path.Combine(directory, "key.pem"),
        Bundle = Path.Combine(directory, "bundle.pem"),
    };

    private static IdentityConfig? Empty(ConfigValue value)
    {
        value.Fail("is empty", "use the directory that 'pillion certs init' wrote for the workload, or a map with certificate, key and bundle");
        return null;
    }

    private static ValueList<FederatedBundleConfig> ReadFederated(ConfigValue value)
    {
        var federated = new List<FederatedBundleConfig>();
        value.AsNamed("NAME", (name, file) =>
        {
            if (!file.IsDescribing && SpiffeId.ProblemOfTrustDomain(name) is { } problem)
            {
                file.Fail($"{ConfigError.Quote(name)} {problem}", "use the name of a trust domain, such as partner.org");
            }

            if (file.AsFileOrNull() is { } path)
            {
                federated.Add(new(name, path));
            }
            else if (!file.Exists && !file.IsDescribing)
            {
                file.Fail("names no file", "use the path of a file");
            }
        });
        return [.. federated];
    }
}
