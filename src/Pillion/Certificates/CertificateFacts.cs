using System.Formats.Asn1;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using Pillion.Net.Tls;

namespace Pillion.Certificates;

/// <summary>What policies ask of a certificate, read from one of .NET's.</summary>
internal static class CertificateFacts
{
    public const string AlternativeNamesOid = "2.5.29.17";

    // GeneralName's tags (RFC 5280 §4.2.1.6).
    public const int DnsTag = 2;
    public const int UriTag = 6;
    private const int IpTag = 7;

    public static PeerCertificate Of(X509Certificate2 certificate)
    {
        List<string> uris = [], dns = [], ips = [];
        foreach (var extension in certificate.Extensions.Where(extension => extension.Oid?.Value == AlternativeNamesOid))
        {
            ReadNames(extension.RawData, uris, dns, ips);
        }

        var usage = certificate.Extensions.OfType<X509KeyUsageExtension>().FirstOrDefault();
        return new PeerCertificate
        {
            Der = certificate.RawData,
            Subject = certificate.SubjectName.Name,
            UriNames = uris,
            DnsNames = dns,
            IpNames = ips,
            Sha256 = Convert.ToHexStringLower(certificate.GetCertHash(System.Security.Cryptography.HashAlgorithmName.SHA256)),
            SerialNumber = certificate.SerialNumber,
            NotBefore = new DateTimeOffset(certificate.NotBefore.ToUniversalTime()),
            NotAfter = new DateTimeOffset(certificate.NotAfter.ToUniversalTime()),
            IsAuthority = certificate.Extensions.OfType<X509BasicConstraintsExtension>().FirstOrDefault()?.CertificateAuthority ?? false,
            KeyUsage = usage is null ? null : Bits(usage.KeyUsages),
        };
    }

    private static void ReadNames(ReadOnlyMemory<byte> der, List<string> uris, List<string> dns, List<string> ips)
    {
        try
        {
            var names = new AsnReader(der, AsnEncodingRules.DER).ReadSequence();
            while (names.HasData)
            {
                var tag = names.PeekTag();
                switch (tag)
                {
                    case { TagClass: TagClass.ContextSpecific, TagValue: UriTag }:
                        uris.Add(names.ReadCharacterString(UniversalTagNumber.IA5String, tag));
                        break;
                    case { TagClass: TagClass.ContextSpecific, TagValue: DnsTag }:
                        dns.Add(names.ReadCharacterString(UniversalTagNumber.IA5String, tag));
                        break;
                    case { TagClass: TagClass.ContextSpecific, TagValue: IpTag }:
                        var address = names.ReadOctetString(tag);
                        ips.Add(address.Length is 4 or 16 ? new IPAddress(address).ToString() : Convert.ToHexStringLower(address));
                        break;
                    default:
                        names.ReadEncodedValue();
                        break;
                }
            }
        }
        catch (AsnContentException)
        {
            // What stood before the fault is shown; a chain with such a certificate does not verify anyway.
        }
    }

    // .NET has the bits in the order of the encoded bytes, RFC 5280 §4.2.1.3 numbers them from 0.
    private static int Bits(X509KeyUsageFlags flags)
    {
        ReadOnlySpan<X509KeyUsageFlags> inOrder =
        [
            X509KeyUsageFlags.DigitalSignature, X509KeyUsageFlags.NonRepudiation, X509KeyUsageFlags.KeyEncipherment, X509KeyUsageFlags.DataEncipherment,
            X509KeyUsageFlags.KeyAgreement, X509KeyUsageFlags.KeyCertSign, X509KeyUsageFlags.CrlSign, X509KeyUsageFlags.EncipherOnly, X509KeyUsageFlags.DecipherOnly,
        ];
        var bits = 0;
        for (var bit = 0; bit < inOrder.Length; bit++)
        {
            bits |= (flags & inOrder[bit]) != 0 ? 1 << bit : 0;
        }

        return bits;
    }
}
