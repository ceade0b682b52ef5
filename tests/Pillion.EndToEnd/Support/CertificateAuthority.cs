using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Pillion.EndToEnd.Support;

/// <summary>The authority of one trust domain. It issues what a workload should have, and everything it should not.</summary>
internal sealed class CertificateAuthority : IDisposable
{
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly X509Certificate2 _certificate;
    private int _serial = 1000;

    public CertificateAuthority(TempDirectory directory, string trustDomain = "test.example", string? name = null)
    {
        Directory = directory;
        TrustDomain = trustDomain;
        var request = new CertificateRequest($"CN={name ?? trustDomain}", _key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        _certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-2), DateTimeOffset.UtcNow.AddDays(2));
        BundleFile = directory.Write($"{name ?? trustDomain}.ca.pem", _certificate.ExportCertificatePem() + "\n");
    }

    public TempDirectory Directory { get; }

    public string TrustDomain { get; }

    /// <summary>The authority's own certificate, which others trust.</summary>
    public string BundleFile { get; }

    public X509Certificate2 Certificate => _certificate;

    public string KeyPem => _key.ExportPkcs8PrivateKeyPem() + "\n";

    /// <summary>The SPIFFE ID of a service account in the default namespace.</summary>
    public string Id(string workload) => $"spiffe://{TrustDomain}/ns/default/sa/{workload}";

    /// <summary>An X.509-SVID; with DNS names also what an ordinary TLS client accepts of a server on this machine.</summary>
    public Credential Issue(string workload, params string[] dnsNames) => Issue(workload, [Id(workload)], dnsNames, Hours(-1), Hours(1));

    public Credential Expired(string workload) => Issue($"{workload}-expired", [Id(workload)], [], Hours(-2), Hours(-1));

    public Credential NotYetValid(string workload) => Issue($"{workload}-early", [Id(workload)], [], Hours(1), Hours(2));

    public Credential WithTwoIds(string workload) => Issue($"{workload}-two", [Id(workload), Id("other")], [], Hours(-1), Hours(1));

    public Credential WithoutId(string name) => Issue($"{name}-no-id", [], ["nobody.example"], Hours(-1), Hours(1));

    /// <summary>Right in all but that nobody vouches for it.</summary>
    public Credential SelfSigned(string workload)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = Request(workload, key, [Id(workload)], []);
        using var certificate = request.CreateSelfSigned(Hours(-1), Hours(1));
        using var bare = X509CertificateLoader.LoadCertificate(certificate.RawData);
        return Credential.Write(Directory, $"{workload}-self-signed", bare, key);
    }

    /// <summary>A list of what is revoked, as a PEM file.</summary>
    public string RevocationList(params Credential[] revoked)
    {
        var builder = new CertificateRevocationListBuilder();
        foreach (var credential in revoked)
        {
            builder.AddEntry(credential.Certificate);
        }

        var list = builder.Build(_certificate, 1, Hours(1), HashAlgorithmName.SHA256, thisUpdate: Hours(-1));
        return Directory.Write($"{TrustDomain}.crl.pem", PemEncoding.WriteString("X509 CRL", list) + "\n");
    }

    public void Dispose()
    {
        _key.Dispose();
        _certificate.Dispose();
    }

    private static DateTimeOffset Hours(int hours) => DateTimeOffset.UtcNow.AddHours(hours);

    private Credential Issue(string name, string[] ids, string[] dnsNames, DateTimeOffset from, DateTimeOffset until)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = Request(name, key, ids, dnsNames);
        var serial = BitConverter.GetBytes(Interlocked.Increment(ref _serial));
        using var certificate = request.Create(_certificate, from, until, serial);
        return Credential.Write(Directory, $"{TrustDomain}.{name}", X509CertificateLoader.LoadCertificate(certificate.RawData), key);
    }

    private static CertificateRequest Request(string name, ECDsa key, string[] ids, string[] dnsNames)
    {
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1"), new Oid("1.3.6.1.5.5.7.3.2")], false));
        var names = new SubjectAlternativeNameBuilder();
        foreach (var id in ids)
        {
            names.AddUri(new Uri(id));
        }

        foreach (var dnsName in dnsNames)
        {
            names.AddDnsName(dnsName);
        }

        if (dnsNames.Length > 0)
        {
            names.AddIpAddress(IPAddress.Loopback);
        }

        request.CertificateExtensions.Add(names.Build());
        return request;
    }
}
