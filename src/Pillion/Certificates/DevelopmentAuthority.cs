using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Pillion.Core.Identity;

namespace Pillion.Certificates;

/// <summary>A certificate authority for one trust domain whose key lies in a file beside it: good for a laptop and for tests.</summary>
internal sealed class DevelopmentAuthority : IDisposable
{
    /// <summary>How long an authority lives.</summary>
    public static readonly TimeSpan Life = TimeSpan.FromDays(3652);

    // A peer whose clock is a little behind ours believes a new certificate at once.
    private static readonly TimeSpan Backdated = TimeSpan.FromMinutes(5);

    // 128 bits behind a zero bit: positive and never met twice (RFC 5280 §4.1.2.2).
    private const int SerialBytes = 16;

    private readonly ECDsa _key;

    private DevelopmentAuthority(X509Certificate2 certificate, ECDsa key, string trustDomain)
    {
        Certificate = certificate;
        _key = key;
        TrustDomain = trustDomain;
    }

    public X509Certificate2 Certificate { get; }

    public string TrustDomain { get; }

    public DateTimeOffset NotAfter => new(Certificate.NotAfter.ToUniversalTime());

    public string CertificatePem => Certificate.ExportCertificatePem() + "\n";

    public string KeyPem => _key.ExportPkcs8PrivateKeyPem() + "\n";

    public static DevelopmentAuthority Create(string trustDomain, DateTimeOffset now)
    {
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(Name($"Development CA of {trustDomain}"), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: true, pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        // SPIFFE X509-SVID §3.1: a signing certificate is named by its trust domain.
        request.CertificateExtensions.Add(AlternativeNames($"{SpiffeId.Scheme}{trustDomain}", []));
        var from = now - Backdated;
        return new DevelopmentAuthority(
            request.Create(request.SubjectName, X509SignatureGenerator.CreateForECDsa(key), from, now + Life, NewSerial()), key, trustDomain);
    }

    /// <summary>Null when the two texts are no authority of ours, with why.</summary>
    public static DevelopmentAuthority? Read(string certificatePem, string keyPem, out string problem)
    {
        try
        {
            var certificate = X509Certificate2.CreateFromPem(certificatePem);
            var key = ECDsa.Create();
            key.ImportFromPem(keyPem);
            using var publicKey = certificate.GetECDsaPublicKey();
            if (publicKey is null || !publicKey.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(key.ExportSubjectPublicKeyInfo()))
            {
                problem = "the key is not that of the certificate";
                return null;
            }

            var uris = CertificateFacts.Of(certificate).UriNames;
            if (uris is not [var uri] || !SpiffeId.TryParse(uri, out var id, out _) || !id.Path.IsEmpty)
            {
                problem = "the certificate does not name a trust domain";
                return null;
            }

            problem = "";
            return new DevelopmentAuthority(certificate, key, id.TrustDomain);
        }
        catch (Exception exception) when (exception is CryptographicException or ArgumentException)
        {
            problem = "it is not a certificate and its EC key in PEM";
            return null;
        }
    }

    /// <summary>A workload's X.509-SVID with a new key, both in PEM; it ends no later than the authority itself.</summary>
    public (string CertificatePem, string KeyPem) Issue(SpiffeId id, TimeSpan life, DateTimeOffset now)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var name = id.WorkloadName.ToString();
        var request = new CertificateRequest(Name(name), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: false, hasPathLengthConstraint: false, pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        // Server and client: every sidecar is both (SPIFFE X509-SVID §4.4). A list of two OIDs, serverAuth and clientAuth.
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1"), new Oid("1.3.6.1.5.5.7.3.2")], critical: false));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(Certificate, includeKeyIdentifier: true, includeIssuerAndSerial: false));
        // With the names by which a plain HTTPS client on the same machine reaches it.
        request.CertificateExtensions.Add(AlternativeNames(id.ToString(), Uri.CheckHostName(name) == UriHostNameType.Dns ? [name, "localhost"] : ["localhost"]));
        var end = now + life < NotAfter ? now + life : NotAfter;
        var from = now - Backdated;
        using var certificate = request.Create(Certificate.SubjectName, X509SignatureGenerator.CreateForECDsa(_key), from, end, NewSerial());
        return (certificate.ExportCertificatePem() + "\n", key.ExportPkcs8PrivateKeyPem() + "\n");
    }

    public void Dispose()
    {
        Certificate.Dispose();
        _key.Dispose();
    }

    private static X500DistinguishedName Name(string commonName)
    {
        var builder = new X500DistinguishedNameBuilder();
        builder.AddOrganizationName("Pillion development");
        // RFC 5280 ub-common-name: what is longer is told by the alternative names in full.
        builder.AddCommonName(commonName.Length <= 64 ? commonName : commonName[..64]);
        return builder.Build();
    }

    private static byte[] NewSerial()
    {
        var serial = RandomNumberGenerator.GetBytes(SerialBytes);
        serial[0] = (byte)((serial[0] & 0x7F) | 0x40);
        return serial;
    }

    // Written by hand: the library's builder takes a URI through a parser that may change its spelling.
    private static X509Extension AlternativeNames(string uri, IReadOnlyList<string> dnsNames)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteCharacterString(UniversalTagNumber.IA5String, uri, new Asn1Tag(TagClass.ContextSpecific, CertificateFacts.UriTag));
            foreach (var name in dnsNames)
            {
                writer.WriteCharacterString(UniversalTagNumber.IA5String, name, new Asn1Tag(TagClass.ContextSpecific, CertificateFacts.DnsTag));
            }
        }

        return new X509Extension(CertificateFacts.AlternativeNamesOid, writer.Encode(), critical: false);
    }
}
