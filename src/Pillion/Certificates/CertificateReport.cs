using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Pillion.Core.Configuration;
using Pillion.Core.Identity;

namespace Pillion.Certificates;

/// <summary>What <c>pillion certs show</c> tells of a file or directory: whose certificates they are, and everything that is wrong with them.</summary>
internal sealed class CertificateReport(TextWriter output, TimeProvider time)
{
    private const long LongestFile = 1024 * 1024;

    private int _problems;

    /// <summary>Number of problems found.</summary>
    public int Problems => _problems;

    /// <summary>Null, or why nothing could be shown.</summary>
    public string? Show(string path)
    {
        if (!Directory.Exists(path))
        {
            return ShowFile(path, CheckAlone);
        }

        var folder = new CertificateFolder(path, time);
        var shown = false;
        if (File.Exists(Path.Combine(path, CertificateFolder.CertificateFile)))
        {
            shown = true;
            if (ShowIdentity(path) is { } mistake)
            {
                return mistake;
            }
        }

        if (folder.HasAuthority)
        {
            shown = true;
            if (ShowFile(folder.AuthorityPath, CheckAlone) is { } mistake)
            {
                return mistake;
            }
        }

        foreach (var workload in folder.Workloads)
        {
            shown = true;
            if (ShowIdentity(folder.PathOf(workload)) is { } mistake)
            {
                return mistake;
            }
        }

        return shown ? null : $"{path} has neither {CertificateFolder.CertificateFile} nor {CertificateFolder.AuthorityFile}";
    }

    private string? ShowIdentity(string folder) => ShowFile(Path.Combine(folder, CertificateFolder.CertificateFile), chain => CheckIdentity(folder, chain));

    private string? ShowFile(string path, Func<IReadOnlyList<X509Certificate2>, IEnumerable<string>> check)
    {
        if (Read(path, out var problem) is not { } certificates)
        {
            return $"{path}: {problem}";
        }

        output.WriteLine(path);
        foreach (var certificate in certificates)
        {
            Describe(certificate);
        }

        foreach (var wrong in check(certificates).Distinct())
        {
            _problems++;
            output.WriteLine($"  WRONG    {ConfigError.OnOneLine(wrong)}");
        }

        foreach (var certificate in certificates)
        {
            certificate.Dispose();
        }

        return null;
    }

    private void Describe(X509Certificate2 certificate)
    {
        var facts = CertificateFacts.Of(certificate);
        Row("subject", facts.Subject.Length > 0 ? facts.Subject : "(none)");
        foreach (var uri in facts.UriNames)
        {
            Row(uri.StartsWith(SpiffeId.Scheme, StringComparison.Ordinal) ? "id" : "uri", uri);
        }

        if (facts.DnsNames.Count + facts.IpNames.Count > 0)
        {
            Row("names", string.Join(", ", facts.DnsNames.Concat(facts.IpNames)));
        }

        Row("issuer", certificate.IssuerName.RawData.AsSpan().SequenceEqual(certificate.SubjectName.RawData) ? "itself" : certificate.IssuerName.Name);
        Row("valid", $"{Day(facts.NotBefore)} to {Day(facts.NotAfter)}, {Left(facts.NotAfter)}");
        Row("kind", $"{Key(certificate)}{(facts.IsAuthority ? ", CA" : "")}, SHA-256 {facts.Sha256}");
    }

    private void Row(string name, string value) => output.WriteLine($"  {name,-8} {ConfigError.OnOneLine(value)}");

    private IEnumerable<string> CheckAlone(IReadOnlyList<X509Certificate2> chain)
    {
        foreach (var certificate in chain)
        {
            if (Time(certificate) is { } wrong)
            {
                yield return wrong;
            }
        }

        // What names a workload promises to be its X.509-SVID.
        var leaf = CertificateFacts.Of(chain[0]);
        if (!leaf.IsAuthority && leaf.UriNames.Any(uri => uri.StartsWith(SpiffeId.Scheme, StringComparison.Ordinal)) && SpiffeLeaf.Read(leaf, out var problem) is null)
        {
            yield return problem;
        }
    }

    private IEnumerable<string> CheckIdentity(string folder, IReadOnlyList<X509Certificate2> chain)
    {
        foreach (var wrong in CheckAlone(chain))
        {
            yield return wrong;
        }

        if (SpiffeLeaf.Read(CertificateFacts.Of(chain[0]), out var problem) is null)
        {
            yield return problem;
        }

        if (KeyProblem(chain[0], Path.Combine(folder, CertificateFolder.KeyFile)) is { } key)
        {
            yield return key;
        }

        var bundlePath = Path.Combine(folder, CertificateFolder.BundleFile);
        if (Read(bundlePath, out problem) is not { } bundle)
        {
            yield return $"{CertificateFolder.BundleFile}: {problem}";
        }
        else if (Time(chain[0]) is null && CertificateChecks.Verify(chain[0], chain.Skip(1), bundle, time.GetUtcNow().UtcDateTime) is { } unverified)
        {
            yield return $"the chain does not verify against {CertificateFolder.BundleFile}: {unverified}";
        }
    }

    private string? Time(X509Certificate2 certificate)
    {
        var facts = CertificateFacts.Of(certificate);
        var now = time.GetUtcNow();
        return facts.NotAfter <= now ? $"{facts.Subject} expired on {Day(facts.NotAfter)}; renew it"
            : facts.NotBefore > now ? $"{facts.Subject} is not valid before {Day(facts.NotBefore)}; look at this machine's clock"
            : null;
    }

    private static string? KeyProblem(X509Certificate2 leaf, string path)
    {
        try
        {
            using var both = X509Certificate2.CreateFromPem(leaf.ExportCertificatePem(), File.ReadAllText(path));
            return null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return $"{CertificateFolder.KeyFile} cannot be read";
        }
        catch (Exception exception) when (exception is CryptographicException or ArgumentException)
        {
            return $"{CertificateFolder.KeyFile} is not the key of the certificate";
        }
    }

    private static List<X509Certificate2>? Read(string path, out string problem)
    {
        try
        {
            if (new FileInfo(path).Length > LongestFile)
            {
                problem = "is larger than 1 MiB";
                return null;
            }

            var collection = new X509Certificate2Collection();
            collection.ImportFromPem(File.ReadAllText(path));
            problem = "holds no certificate in PEM (-----BEGIN CERTIFICATE-----)";
            return collection.Count > 0 ? [.. collection] : null;
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            problem = "there is no such file";
            return null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            problem = "cannot be read";
            return null;
        }
        catch (CryptographicException)
        {
            problem = "holds a certificate that cannot be decoded";
            return null;
        }
    }

    private string Left(DateTimeOffset end)
    {
        var left = end - time.GetUtcNow();
        return left <= TimeSpan.Zero ? "EXPIRED" : left.TotalDays >= 2 ? $"{(int)left.TotalDays} days left" : left.TotalHours >= 2 ? $"{(int)left.TotalHours} hours left" : $"{(int)left.TotalMinutes} minutes left";
    }

    private static string Day(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm'Z'", CultureInfo.InvariantCulture);

    private static string Key(X509Certificate2 certificate)
    {
        if (certificate.GetECDsaPublicKey() is { } ec)
        {
            using (ec)
            {
                return $"EC {ec.KeySize} bits";
            }
        }

        if (certificate.GetRSAPublicKey() is { } rsa)
        {
            using (rsa)
            {
                return $"RSA {rsa.KeySize} bits";
            }
        }

        return certificate.PublicKey.Oid.FriendlyName ?? certificate.PublicKey.Oid.Value ?? "unknown key";
    }
}
