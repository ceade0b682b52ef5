using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Roles;
using Pillion.Core.Identity.Secrets;
using Pillion.Net.Tls;

namespace Pillion.Core.Identity;

/// <summary>The files of <c>identity</c> in the configuration: read together, and good only when they fit each other and the rest of the file.</summary>
/// <param name="Workload">As the configuration names it; empty when it does not.</param>
internal sealed record IdentitySource(IdentityConfig Config, string Workload) : SecretSource<IdentitySnapshot>
{
    // Beside an identity that 'pillion certs init' made, one directory up.
    private const string DevelopmentKey = "ca-key.pem";

    private CertificateSource Certificate => new(Config.Certificate, Config.Key, Config.OcspStaple is { } staple ? (SecretPart)staple : null);

    public override string Name => Config.Certificate;

    /// <summary>In this order: chain, key, staple, bundle, revocation lists, then the bundle of each federated trust domain.</summary>
    public override ValueList<SecretPart> Parts =>
    [
        .. Certificate.Parts, Config.Bundle, .. Config.Crl is { } crl ? [crl] : ValueList<SecretPart>.Empty,
        .. Config.Federated.Select(federated => (SecretPart)federated.Bundle),
    ];

    public override LoadedSecret<IdentitySnapshot> Load(IReadOnlyList<byte[]> contents, DateTimeOffset now)
    {
        if (CertificateSource.Read(Certificate, contents, now, out var fault) is not { } certificate)
        {
            return fault! with { Remedy = $"{fault.Remedy}{OrRenewHere()}" };
        }

        if (SpiffeLeaf.Read(certificate.Leaf, out var problem) is not { } id)
        {
            return new SecretFault($"{Shown(Config.Certificate)} is not an X.509-SVID: {problem}", $"have it issued as one{OrRenewHere()}");
        }

        if (Misfit(id) is { } misfit)
        {
            return misfit;
        }

        var next = Certificate.Parts.Count;
        if (TrustSource.Read(Config.Bundle, contents[next], Config.Crl is { } crl ? (SecretPart)crl : null, Config.Crl is null ? [] : contents[next + 1], out fault) is not { } own)
        {
            return fault!;
        }

        // A new authority's bundle and the first certificate from it are two files: either may come first.
        if (certificate.ProblemAgainst(own, now) is { } unverified)
        {
            return new SecretFault(
                $"{Shown(Config.Certificate)} does not verify against {Shown(Config.Bundle)}: {ConfigError.OnOneLine(unverified)}",
                $"put the authority that issued it into the bundle, and what lies between behind the certificate{OrRenewHere()}",
                MayPass: true);
        }

        var stores = new Dictionary<string, TrustStore> { [id.TrustDomain] = own };
        next += Config.Crl is null ? 1 : 2;
        foreach (var federated in Config.Federated)
        {
            if (TrustSource.Read(federated.Bundle, contents[next++], null, [], out fault) is not { } store)
            {
                return fault!;
            }

            if (!stores.TryAdd(federated.TrustDomain, store))
            {
                return new SecretFault($"federated names our own trust domain {id.TrustDomain}, that of {Shown(Config.Certificate)}", "remove it; its authorities are those in bundle");
            }
        }

        return new(
            new IdentitySnapshot { Id = id, Certificate = certificate, Bundles = new TrustBundles(id.TrustDomain, stores) },
            CertificateLife.Of(id.ToString(), certificate.Leaf.NotBefore, certificate.NotAfter, $"{CertificateSource.Renew}{OrRenewHere()}", Config.WarnBefore),
            null);
    }

    // The certificate of somebody else, or of elsewhere, is a mistake even though it is good: peers would know us under a wrong name.
    private SecretFault? Misfit(SpiffeId id)
    {
        var found = $"{Shown(Config.Certificate)} is the certificate of {id}";
        return Config.TrustDomain is { } trustDomain && trustDomain != id.TrustDomain
                ? new SecretFault($"{found}, and the configuration says trust_domain {ConfigError.Quote(trustDomain)}", "give the certificate of that trust domain or correct trust_domain")
            : Config.Namespace is { } @namespace && !id.Namespace.SequenceEqual(@namespace)
                ? new SecretFault($"{found}, and the configuration says namespace {ConfigError.Quote(@namespace)}", "give the certificate of a workload in that namespace or correct namespace")
            : Workload.Length > 0 && !id.WorkloadName.SequenceEqual(Workload)
                ? new SecretFault($"{found}, and the configuration says workload {ConfigError.Quote(Workload)}", "give the certificate of that workload or correct workload")
            : null;
    }

    private string OrRenewHere()
    {
        var workload = Path.GetDirectoryName(Path.GetFullPath(Config.Certificate));
        return workload is not null && Path.GetDirectoryName(workload) is { } directory && File.Exists(Path.Combine(directory, DevelopmentKey))
            ? $", here with 'pillion certs init --force {Shown(directory)} {Path.GetFileName(workload)}'"
            : "";
    }

    private static string Shown(string path) => ConfigError.OnOneLine(path);
}
