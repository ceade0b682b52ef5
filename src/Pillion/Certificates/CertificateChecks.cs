using System.Security.Cryptography.X509Certificates;

namespace Pillion.Certificates;

/// <summary>Whether certificates belong together.</summary>
internal static class CertificateChecks
{
    /// <summary>The signature itself is checked; validity is another matter.</summary>
    public static bool IsSignedBy(X509Certificate2 certificate, X509Certificate2 authority) =>
        Verify(certificate, [], [authority], certificate.NotBefore.ToUniversalTime().AddSeconds(1)) is null;

    /// <summary>Null when the chain leads from the leaf to one of the authorities, else what is in the way.</summary>
    public static string? Verify(X509Certificate2 leaf, IEnumerable<X509Certificate2> intermediates, IReadOnlyCollection<X509Certificate2> authorities, DateTime at)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.VerificationTime = at;
        chain.ChainPolicy.VerificationTimeIgnored = false;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities.ToArray());
        chain.ChainPolicy.ExtraStore.AddRange(intermediates.ToArray());
        if (chain.Build(leaf))
        {
            return null;
        }

        var problems = chain.ChainElements
            .SelectMany(element => element.ChainElementStatus.Select(status => $"{Name(element.Certificate)}: {Words(status)}"))
            .Distinct()
            .ToList();
        return problems.Count > 0 ? string.Join("; ", problems) : "it does not verify";
    }

    private static string Name(X509Certificate2 certificate) => certificate.SubjectName.Name is { Length: > 0 } name ? name : "the certificate";

    private static string Words(X509ChainStatus status) => status.Status switch
    {
        X509ChainStatusFlags.NotTimeValid => "it has expired or is not valid yet",
        X509ChainStatusFlags.PartialChain => "its issuer is not among the authorities",
        X509ChainStatusFlags.UntrustedRoot => "it is not among the authorities",
        X509ChainStatusFlags.NotSignatureValid => "its signature is not that of its issuer",
        _ => status.StatusInformation.TrimEnd('.', '\n'),
    };
}
