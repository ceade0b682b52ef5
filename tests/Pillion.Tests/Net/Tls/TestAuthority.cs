using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Pillion.Net.Tls;
using Xunit;

namespace Pillion.Tests.Net.Tls;

/// <summary>A certificate authority that a test makes, and what it issues; each key is new.</summary>
internal sealed class TestAuthority
{
    public static readonly DateTimeOffset Begin = new(2020, 1, 1, 0, 0, 0, TimeSpan.Zero);
    public static readonly DateTimeOffset End = new(2049, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly X509Certificate2 _certificate;
    private readonly TestAuthority? _parent;
    private int _serial = 100;

    public TestAuthority(string name = "CN=test authority", TestAuthority? parent = null)
    {
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(name, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        _parent = parent;
        _certificate = parent is null
            ? request.CreateSelfSigned(Begin, End)
            : request.Create(parent._certificate, Begin, End, parent.NextSerial()).CopyWithPrivateKey(key);
    }

    public X509Certificate2 Certificate => _certificate;

    public string Pem => _certificate.ExportCertificatePem() + "\n";

    public TrustStore Store => StoreWith();

    public TrustStore StoreWith(string revocationLists = "")
    {
        var store = TrustStore.FromPem(Encoding.ASCII.GetBytes(Pem), Encoding.ASCII.GetBytes(revocationLists), out var problem);
        Assert.True(store is not null, problem);
        return store;
    }

    public TestLeaf Issue(
        string name = "localhost", string? uri = null, DateTimeOffset? from = null, DateTimeOffset? to = null, bool isSelfSigned = false, bool isRsa = false, string? purpose = null)
    {
        using var rsa = isRsa ? RSA.Create(2048) : null;
        using var ecdsa = isRsa ? null : ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = rsa is not null
            ? new CertificateRequest($"CN={name},O=tests", rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            : new CertificateRequest($"CN={name},O=tests", ecdsa!, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        names.AddIpAddress(IPAddress.Loopback);
        if (uri is not null)
        {
            names.AddUri(new Uri(uri));
        }

        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.KeyEncipherment, true));
        if (purpose is not null)
        {
            request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(purpose)], false));
        }

        var generator = isRsa ? X509SignatureGenerator.CreateForRSA(rsa!, RSASignaturePadding.Pkcs1) : X509SignatureGenerator.CreateForECDsa(ecdsa!);
        var certificate = isSelfSigned
            ? request.Create(request.SubjectName, generator, from ?? Begin, to ?? End, NextSerial())
            : request.Create(_certificate.SubjectName, X509SignatureGenerator.CreateForECDsa(_certificate.GetECDsaPrivateKey()!), from ?? Begin, to ?? End, NextSerial());
        var chain = certificate.ExportCertificatePem() + "\n" + (_parent is null ? "" : Pem);
        return new TestLeaf(certificate, chain, (isRsa ? rsa!.ExportPkcs8PrivateKeyPem() : ecdsa!.ExportPkcs8PrivateKeyPem()) + "\n");
    }

    public string Revoke(params ReadOnlySpan<TestLeaf> leaves)
    {
        var list = new CertificateRevocationListBuilder();
        foreach (var leaf in leaves)
        {
            list.AddEntry(leaf.Certificate);
        }

        var der = list.Build(_certificate, 1, End, HashAlgorithmName.SHA256, thisUpdate: Begin);
        return PemEncoding.WriteString("X509 CRL", der) + "\n";
    }

    private byte[] NextSerial() => [0x10, (byte)(_serial >> 8), (byte)_serial++];
}

/// <summary>An issued certificate with its chain and key, as files would have them.</summary>
internal sealed record TestLeaf(X509Certificate2 Certificate, string ChainPem, string KeyPem)
{
    public TlsCertificate ForTls(byte[]? staple = null)
    {
        var certificate = TlsCertificate.FromPem(Encoding.ASCII.GetBytes(ChainPem), Encoding.ASCII.GetBytes(KeyPem), staple, out var problem);
        Assert.True(certificate is not null, problem);
        return certificate;
    }

    /// <summary>For .NET's own TLS.</summary>
    public X509Certificate2 WithKey() => X509Certificate2.CreateFromPem(ChainPem, KeyPem);
}

/// <summary>A trust whose verdict a test gives.</summary>
internal sealed class TestTrust(Func<PeerCertificate, TrustVerdict> judge) : PeerTrust
{
    public TestTrust(TrustStore store, string? identity = null)
        : this(_ => new TrustVerdict(store, identity))
    {
    }

    public int Judged { get; private set; }

    public override TrustVerdict Judge(PeerCertificate leaf)
    {
        Judged++;
        return judge(leaf);
    }
}
