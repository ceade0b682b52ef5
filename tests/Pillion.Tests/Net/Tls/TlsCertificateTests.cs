using System.Formats.Asn1;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Pillion.Net.Tls;
using Xunit;

namespace Pillion.Tests.Net.Tls;

/// <summary>Certificates, keys and authorities from files: what is read from them, and what is said of bad ones.</summary>
public sealed class TlsCertificateTests
{
    private static readonly TestLeaf Leaf = TlsFixture.Authority.Issue("one.test", "spiffe://test/one", isRsa: true);

    [Fact]
    public void A_leaf_is_read_as_it_is()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=\"Straße, die\", O=\"a,b\", C=DE", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("one.test");
        names.AddDnsName("*.two.test");
        names.AddUri(new Uri("spiffe://test/one"));
        names.AddIpAddress(IPAddress.Parse("10.1.2.3"));
        names.AddIpAddress(IPAddress.Parse("fd00::1"));
        names.AddEmailAddress("nobody@test");
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.DecipherOnly, true));
        using var certificate = request.CreateSelfSigned(new DateTimeOffset(2025, 1, 2, 3, 4, 5, TimeSpan.Zero), new DateTimeOffset(2055, 6, 7, 8, 9, 10, TimeSpan.Zero));
        var leaf = From(certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem())!.Leaf;
        Assert.Equal(certificate.RawData, leaf.Der.ToArray());
        Assert.Equal(certificate.GetCertHashString(HashAlgorithmName.SHA256).ToLowerInvariant(), leaf.Sha256);
        Assert.Equal(["one.test", "*.two.test"], leaf.DnsNames);
        Assert.Equal(["spiffe://test/one"], leaf.UriNames);
        Assert.Equal(["10.1.2.3", "fd00::1"], leaf.IpNames);
        Assert.Equal(certificate.SerialNumber.TrimStart('0').ToLowerInvariant(), leaf.SerialNumber.TrimStart('0'));
        Assert.Equal(new DateTimeOffset(2025, 1, 2, 3, 4, 5, TimeSpan.Zero), leaf.NotBefore);
        Assert.Equal(new DateTimeOffset(2055, 6, 7, 8, 9, 10, TimeSpan.Zero), leaf.NotAfter);
        Assert.True(leaf.IsAuthority);
        Assert.Equal((1 << 0) | (1 << 5) | (1 << 8), leaf.KeyUsage);

        // RFC 2253: what is special is escaped.
        Assert.Equal("CN=Stra\\C3\\9Fe\\, die,O=a\\,b,C=DE", leaf.Subject);
    }

    [Fact]
    public void A_leaf_without_extensions_is_read_as_well()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=plain", key, HashAlgorithmName.SHA256).CreateSelfSigned(TestAuthority.Begin, TestAuthority.End);
        var leaf = From(certificate.ExportCertificatePem(), key.ExportECPrivateKeyPem())!.Leaf;
        Assert.Empty(leaf.DnsNames);
        Assert.Null(leaf.KeyUsage);
        Assert.False(leaf.IsAuthority);
        Assert.Equal("CN=plain", leaf.Subject);
    }

    [Fact]
    public void A_bad_pair_of_files_is_refused_in_words()
    {
        var other = TlsFixture.Authority.Issue("other.test");
        Assert.Equal("the private key does not belong to the certificate 'CN=one.test,O=tests'", Problem(Leaf.ChainPem, other.KeyPem));
        Assert.Equal(
            "the private key belongs to certificate 2 of the chain; put that first, and behind it who issued it", Problem(TlsFixture.Authority.Pem + Leaf.ChainPem, Leaf.KeyPem));
        Assert.StartsWith("there is no certificate in it", Problem("", Leaf.KeyPem), StringComparison.Ordinal);
        Assert.StartsWith("there is no certificate in it", Problem("garbage", Leaf.KeyPem), StringComparison.Ordinal);
        Assert.StartsWith("there is no private key in it", Problem(Leaf.ChainPem, "garbage"), StringComparison.Ordinal);
        Assert.StartsWith("there is no private key in it", Problem(Leaf.ChainPem, ""), StringComparison.Ordinal);
        Assert.StartsWith("certificate 2 cannot be read:", Problem(Leaf.ChainPem + Leaf.ChainPem.Replace("MII", "MIX", StringComparison.Ordinal), Leaf.KeyPem), StringComparison.Ordinal);
        using var key = RSA.Create(2048);
        var encrypted = key.ExportEncryptedPkcs8PrivateKeyPem("secret", new PbeParameters(PbeEncryptionAlgorithm.Aes128Cbc, HashAlgorithmName.SHA256, 10));
        Assert.StartsWith("the private key is encrypted", Problem(Leaf.ChainPem, encrypted), StringComparison.Ordinal);
        Assert.Equal("the OCSP response cannot be read; it must be in DER", Problem(Leaf.ChainPem, Leaf.KeyPem, [1, 2, 3]));
        Assert.StartsWith("the OCSP response is an error of its responder (status 3)", Problem(Leaf.ChainPem, Leaf.KeyPem, [0x30, 3, 0x0a, 1, 3]), StringComparison.Ordinal);
    }

    [Fact]
    public void Authorities_are_counted_and_bad_ones_refused_in_words()
    {
        var two = TlsFixture.Authority.Pem + "text between\n" + new TestAuthority("CN=two").Pem;
        Assert.Equal(2, TrustStore.FromPem(Encoding.ASCII.GetBytes(two), [], out _)!.Count);
        Assert.Null(TrustStore.FromPem([], [], out var problem));
        Assert.StartsWith("there is no certificate in it", problem, StringComparison.Ordinal);
        Assert.Null(TrustStore.FromPem(Encoding.ASCII.GetBytes(two), "garbage"u8, out problem));
        Assert.StartsWith("there is no revocation list in it", problem, StringComparison.Ordinal);
        Assert.Null(TrustStore.FromPem(Encoding.ASCII.GetBytes(two.Replace("MII", "MIX", StringComparison.Ordinal)), [], out problem));
        Assert.StartsWith("certificate 1 cannot be read:", problem, StringComparison.Ordinal);
        Assert.True(TrustStore.SystemDefault.Count >= 0);
        Assert.Same(TrustStore.SystemDefault, TrustStore.SystemDefault);
    }

    [Fact]
    public void Random_bytes_are_no_certificate_and_no_crash()
    {
        var random = new Random(7);
        var chain = Encoding.ASCII.GetBytes(Leaf.ChainPem);
        var key = Encoding.ASCII.GetBytes(Leaf.KeyPem);
        for (var i = 0; i < 300; i++)
        {
            var (one, two) = ((byte[])chain.Clone(), (byte[])key.Clone());
            for (var changes = random.Next(1, 4); changes > 0; changes--)
            {
                one[random.Next(one.Length)] = (byte)random.Next(256);
                two[random.Next(two.Length)] = (byte)random.Next(256);
            }

            if (TlsCertificate.FromPem(one, two, [], out var problem) is null)
            {
                Assert.NotEmpty(problem);
            }

            if (TrustStore.FromPem(one, [], out problem) is null)
            {
                Assert.NotEmpty(problem);
            }
        }
    }

    internal static byte[] Staple()
    {
        // RFC 6960 §4.2.1, with a basic response that nobody here reads.
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteEnumeratedValue(OcspStatus.Successful);
            using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 0)))
            using (writer.PushSequence())
            {
                writer.WriteObjectIdentifier("1.3.6.1.5.5.7.48.1.1");
                writer.WriteOctetString([0x30, 0]);
            }
        }

        return writer.Encode();
    }

    private static TlsCertificate? From(string chain, string key, byte[]? staple = null)
    {
        var certificate = TlsCertificate.FromPem(Encoding.ASCII.GetBytes(chain), Encoding.ASCII.GetBytes(key), staple, out var problem);
        Assert.Equal(certificate is null, problem.Length > 0);
        return certificate;
    }

    private static string Problem(string chain, string key, byte[]? staple = null)
    {
        Assert.Null(TlsCertificate.FromPem(Encoding.ASCII.GetBytes(chain), Encoding.ASCII.GetBytes(key), staple, out var problem));
        return problem;
    }

    private enum OcspStatus
    {
        Successful,
    }
}
