using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Pillion.Certificates;

namespace Pillion.Tests.Core.Identity;

/// <summary>Issues certificates that outlive their authority, as no sane authority does.</summary>
internal sealed class LateAuthority(DevelopmentAuthority authority)
{
    public (string CertificatePem, string KeyPem) Issue(DateTimeOffset from, TimeSpan life)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var signer = ECDsa.Create();
        signer.ImportFromPem(authority.KeyPem);
        var request = new CertificateRequest("CN=late", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        var names = new AsnWriter(AsnEncodingRules.DER);
        using (names.PushSequence())
        {
            names.WriteCharacterString(UniversalTagNumber.IA5String, "spiffe://example.org/ns/default/sa/orders", new Asn1Tag(TagClass.ContextSpecific, CertificateFacts.UriTag));
        }

        request.CertificateExtensions.Add(new X509Extension(CertificateFacts.AlternativeNamesOid, names.Encode(), false));
        using var certificate = request.Create(authority.Certificate.SubjectName, X509SignatureGenerator.CreateForECDsa(signer), from, from + life, [0x42, 1]);
        return (certificate.ExportCertificatePem() + "\n", key.ExportPkcs8PrivateKeyPem() + "\n");
    }
}
