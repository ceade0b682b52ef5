using Pillion.Core.Identity.Secrets;
using Pillion.Core.Configuration.Reading;
using Pillion.Proxy.Configuration.Reading;
using Pillion.Proxy.Configuration.Transport;

namespace Pillion.Proxy.Configuration.Native.Transport;

/// <summary><c>certificate</c> and <c>key</c>, which need each other.</summary>
internal static class Certificates
{
    /// <summary>Null where neither is written, or after a mistake.</summary>
    public static CertificateConfig? Read(ConfigMap map, string meaning)
    {
        var certificate = map.Optional("certificate", meaning);
        var key = map.Optional("key", "PEM file with the certificate's private key, unencrypted.");
        var staple = map.Optional("ocsp_staple", "DER file with an OCSP answer about the certificate, sent along with it.");
        if (certificate.Exists != key.Exists)
        {
            (certificate.Exists ? certificate : key).Fail("stands alone", "give both certificate and key");
        }

        var chain = certificate.AsFileOrNull();
        var secret = key.AsFileOrNull();
        var answer = staple.AsFileOrNull();
        if (staple.Exists && !certificate.Exists)
        {
            staple.Fail("stands without a certificate", "give certificate and key");
        }

        return chain is null || secret is null ? null : new() { Chain = chain, Key = secret, OcspStaple = answer is null ? null : (SecretPart)answer };
    }
}
