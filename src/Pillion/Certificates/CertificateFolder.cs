using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Pillion.Core.Configuration;
using Pillion.Core.Identity;

namespace Pillion.Certificates;

/// <summary>A directory with a development authority and an identity per workload, as <c>pillion certs init</c> makes it.</summary>
internal sealed class CertificateFolder(string directory, TimeProvider time)
{
    public const string CertificateFile = "cert.pem";
    public const string KeyFile = "key.pem";
    public const string BundleFile = "bundle.pem";
    public const string AuthorityFile = "ca.pem";
    public const string AuthorityKeyFile = "ca-key.pem";

    public const string DefaultTrustDomain = "example.org";

    private const string DefaultNamespace = "default";

    public string AuthorityPath => Path.Combine(directory, AuthorityFile);

    public bool HasAuthority => File.Exists(AuthorityPath);

    /// <summary>The workloads that have an identity here.</summary>
    public IReadOnlyList<string> Workloads => Directory.Exists(directory)
        ? [.. Directory.EnumerateDirectories(directory).Where(folder => File.Exists(Path.Combine(folder, CertificateFile))).Select(folder => Path.GetFileName(folder)).Order(StringComparer.Ordinal)]
        : [];

    public string PathOf(string workload) => Path.Combine(directory, workload);

    /// <summary>A directory for it may be made beside the authority's files.</summary>
    public static bool IsWorkloadName(string name) => ConfigName.IsRight(name) && name is not (AuthorityFile or AuthorityKeyFile);

    /// <summary>The authority that is here, or a new one. Null when what is here cannot be used, with why and what to do.</summary>
    /// <param name="trustDomain">Null: that of the authority that is here.</param>
    public DevelopmentAuthority? OpenAuthority(string? trustDomain, out bool isNew, out string problem)
    {
        isNew = false;
        var keyPath = Path.Combine(directory, AuthorityKeyFile);
        if (!File.Exists(AuthorityPath) && !File.Exists(keyPath))
        {
            Directory.CreateDirectory(directory);
            var made = DevelopmentAuthority.Create(trustDomain ?? DefaultTrustDomain, time.GetUtcNow());
            PrivateFile.Write(keyPath, made.KeyPem, isSecret: true);
            PrivateFile.Write(AuthorityPath, made.CertificatePem, isSecret: false);
            isNew = true;
            problem = "";
            return made;
        }

        var again = $"to begin anew, remove {AuthorityPath} and {keyPath}";
        if (!File.Exists(AuthorityPath) || !File.Exists(keyPath))
        {
            problem = $"{(File.Exists(AuthorityPath) ? keyPath : AuthorityPath)} is missing; {again}";
            return null;
        }

        if (DevelopmentAuthority.Read(File.ReadAllText(AuthorityPath), File.ReadAllText(keyPath), out var wrong) is not { } authority)
        {
            problem = $"the authority in {directory} cannot be used: {wrong}; {again}";
            return null;
        }

        problem = authority.NotAfter <= time.GetUtcNow() ? $"the authority in {directory} ended on {authority.NotAfter:yyyy-MM-dd}; {again}"
            : trustDomain is not null && trustDomain != authority.TrustDomain ? $"the authority in {directory} is that of trust domain {authority.TrustDomain}; use another directory for {trustDomain}"
            : "";
        if (problem.Length == 0)
        {
            return authority;
        }

        authority.Dispose();
        return null;
    }

    /// <summary>The id that a workload has or is to have.</summary>
    /// <param name="namespace">Null: that of the identity that is here, or default.</param>
    public SpiffeId IdOf(DevelopmentAuthority authority, string workload, string? @namespace)
    {
        if (@namespace is null && Read(PathOf(workload)) is { } existing)
        {
            using (existing)
            {
                @namespace = SpiffeLeaf.Read(CertificateFacts.Of(existing), out _) is { Namespace: { IsEmpty: false } known } ? known.ToString() : null;
            }
        }

        return SpiffeId.OfServiceAccount(authority.TrustDomain, @namespace ?? DefaultNamespace, workload);
    }

    /// <summary>Gives a workload its identity. False when the one that is here is still good and was kept.</summary>
    public bool Issue(DevelopmentAuthority authority, string workload, SpiffeId id, TimeSpan life, bool force, out DateTimeOffset until)
    {
        var folder = PathOf(workload);
        if (!force && Existing(authority, folder, id) is { } kept)
        {
            until = kept;
            return false;
        }

        Directory.CreateDirectory(folder);
        var (certificate, key) = authority.Issue(id, life, time.GetUtcNow());
        PrivateFile.Write(Path.Combine(folder, KeyFile), key, isSecret: true);
        PrivateFile.Write(Path.Combine(folder, CertificateFile), certificate, isSecret: false);
        var bundle = Path.Combine(folder, BundleFile);
        if (!Has(bundle, authority))
        {
            PrivateFile.Write(bundle, authority.CertificatePem, isSecret: false);
        }

        using var issued = X509Certificate2.CreateFromPem(certificate);
        until = new DateTimeOffset(issued.NotAfter.ToUniversalTime());
        return true;
    }

    // The end of an identity that needs no renewal: ours, for this id, whole, and with more than a third of its life left.
    private DateTimeOffset? Existing(DevelopmentAuthority authority, string folder, SpiffeId id)
    {
        try
        {
            using var certificate = Read(folder);
            if (certificate is null)
            {
                return null;
            }

            var facts = CertificateFacts.Of(certificate);
            var left = facts.NotAfter - time.GetUtcNow();
            return left > (facts.NotAfter - facts.NotBefore) / 3
                && facts.UriNames is [var uri] && uri == id.ToString()
                && CertificateChecks.IsSignedBy(certificate, authority.Certificate)
                && Has(Path.Combine(folder, BundleFile), authority)
                ? facts.NotAfter
                : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    // Somebody may have put further authorities beside ours.
    private static bool Has(string bundle, DevelopmentAuthority authority) =>
        File.Exists(bundle) && File.ReadAllText(bundle).Contains(authority.CertificatePem.TrimEnd(), StringComparison.Ordinal);

    // With its key; null when the two do not fit or are not there.
    private static X509Certificate2? Read(string folder)
    {
        try
        {
            return X509Certificate2.CreateFromPemFile(Path.Combine(folder, CertificateFile), Path.Combine(folder, KeyFile));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
        {
            return null;
        }
    }
}
