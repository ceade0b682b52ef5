using Pillion.Core.Configuration;
using Pillion.Net.Tls;

namespace Pillion.Core.Identity.Secrets;

/// <summary>A certificate with its chain and key, for whoever does not look at identities: the certificate of a web server, or one that Envoy's file names.</summary>
/// <param name="Chain">PEM, the leaf first.</param>
/// <param name="OcspStaple">DER; null for none.</param>
internal sealed record CertificateSource(SecretPart Chain, SecretPart Key, SecretPart? OcspStaple = null) : SecretSource<TlsCertificate>
{
    public override string Name => Chain.File ?? "inline";

    public override ValueList<SecretPart> Parts => OcspStaple is null ? [Chain, Key] : [Chain, Key, OcspStaple];

    public override LoadedSecret<TlsCertificate> Load(IReadOnlyList<byte[]> contents, DateTimeOffset now)
    {
        if (Read(this, contents, now, out var fault) is not { } certificate)
        {
            return fault!;
        }

        var leaf = certificate.Leaf;
        var subject = leaf.DnsNames is [var name, ..] ? name : leaf.UriNames is [var uri, ..] ? uri : leaf.Subject;
        return new LoadedSecret<TlsCertificate>(certificate, CertificateLife.Of(ConfigError.OnOneLine(subject), leaf.NotBefore, certificate.NotAfter, Renew), null);
    }

    internal const string Renew = "renew it in its place; the new one is taken without a restart";

    /// <summary>The first files of a source that begins with these: together, and within their life.</summary>
    internal static TlsCertificate? Read(CertificateSource source, IReadOnlyList<byte[]> contents, DateTimeOffset now, out SecretFault? fault)
    {
        var (chain, key) = (source.Chain, source.Key);
        // Named one by one: what stands in the other's place is the commonest mistake.
        if (contents[0].AsSpan().IndexOf("CERTIFICATE-----"u8) < 0 || contents[1].AsSpan().IndexOf("PRIVATE KEY-----"u8) < 0)
        {
            fault = contents[0].AsSpan().IndexOf("CERTIFICATE-----"u8) < 0
                ? new SecretFault($"{chain} holds no certificate in PEM", "give a file with -----BEGIN CERTIFICATE-----, the leaf first", MayPass: true)
                : new SecretFault($"{key} holds no private key in PEM", "give a file with -----BEGIN PRIVATE KEY-----", MayPass: true);
            return null;
        }

        var certificate = TlsCertificate.FromPem(contents[0], contents[1], source.OcspStaple is null ? [] : contents[2], out var problem);
        if (certificate is null)
        {
            // Whatever does not fit together may be one file of two that are being replaced.
            fault = new SecretFault($"{chain} and {key} make no certificate: {ConfigError.OnOneLine(problem)}", "give the PEM files of a chain, the leaf first, and of its key", MayPass: true);
            return null;
        }

        fault = certificate.NotAfter <= now ? new SecretFault($"{chain} holds a certificate that expired on {Moment(certificate.NotAfter)}", "renew it")
            : certificate.Leaf.NotBefore > now ? new SecretFault($"{chain} holds a certificate that is not valid before {Moment(certificate.Leaf.NotBefore)}", "set the clock of this machine or wait")
            : null;
        return fault is null ? certificate : null;
    }

    internal static string Moment(DateTimeOffset time) => $"{time.UtcDateTime:yyyy-MM-dd HH:mm:ss'Z'}";
}
