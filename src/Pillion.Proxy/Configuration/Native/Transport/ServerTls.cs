using Pillion.Core.Identity.Secrets;
using Pillion.Core.Configuration.Reading;
using Pillion.Net.Tls;
using Pillion.Proxy.Configuration.Reading;
using Pillion.Proxy.Configuration.Transport;

namespace Pillion.Proxy.Configuration.Native.Transport;

/// <summary><c>tls:</c> of the inbound side: TLS as a web server has it, with certificates of any authority.</summary>
internal static class ServerTls
{
    /// <summary>Null where nothing is written.</summary>
    public static DownstreamTlsConfig? Read(ConfigValue value)
    {
        using var map = value.AsMap();
        var first = Certificates.Read(map, "PEM file with the certificate and then its intermediates.");
        var more = map.Optional("more", "A list of further [certificates](#certificate); which is shown follows from the name that the client asks for.");
        var others = more.AsList(ReadCertificate);
        if (value.IsMap && !map.Has("certificate") && !map.Has("key"))
        {
            map.Fail("has no certificate", "give certificate and key");
        }

        var authorities = map.Optional("authorities", "PEM file with the authorities that clients' certificates are verified against.");
        var trust = new PeerTrustConfig
        {
            Authorities = authorities.AsFileOrNull() is { } file ? (SecretPart)file : null,
            RevocationList = map.Optional("crl", "PEM file with revocation lists of the authorities.").AsFileOrNull() is { } list ? (SecretPart)list : null,
            Names = PeerNames.ReadNames(map.Optional("names", "Names of which a client's certificate must have one; any verified certificate will do when absent.")),
            Hashes = map.Optional("fingerprints", "SHA-256 of clients' certificates, of which it must be one.").AsTexts(FingerprintText.Read),
        };
        var clients = map.Optional("client_certificates", "Whether clients must show a certificate. Default: required with `authorities`, else none.");
        var asked = clients.AsOneOf(NativeNames.ClientCertificates, authorities.Exists ? ClientCertificates.Required : ClientCertificates.None);
        if (asked != ClientCertificates.None && !authorities.Exists)
        {
            clients.Fail("asks for certificates that nothing verifies", "add authorities: FILE");
        }
        else if (!authorities.Exists && trust != new PeerTrustConfig())
        {
            map.Fail("says what clients' certificates must be, and verifies none", "add authorities: FILE");
        }
        else if (asked == ClientCertificates.None && authorities.Exists)
        {
            authorities.Fail("verifies certificates that are not asked for", "remove it, or use client_certificates: optional");
        }

        var settings = TlsSettings.Read(map);
        var defaults = new DownstreamTlsConfig();
        var tls = new DownstreamTlsConfig
        {
            Certificates = first is null ? others : new([first, .. others]),
            ClientCertificates = asked,
            Trust = asked == ClientCertificates.None ? null : trust,
            MinVersion = settings.MinVersion,
            CipherSuites = settings.CipherSuites,
            Groups = settings.Groups,
            Resumption = map.Optional("resumption", "Let clients resume sessions by tickets.").AsBool(defaults.Resumption),
            HandshakeTimeout = map.Optional("handshake_timeout", "From the first byte to the end of the handshake.").AsDuration(defaults.HandshakeTimeout, TimeSpan.FromMilliseconds(1)),
            Source = value.Source,
        };
        return value.IsMap ? tls : null;
    }

    private static CertificateConfig? ReadCertificate(ConfigValue value)
    {
        using var map = value.AsMap("certificate");
        var certificate = Certificates.Read(map, "PEM file with the certificate and then its intermediates.");
        if (value.IsMap && !map.Has("certificate") && !map.Has("key"))
        {
            map.Fail("has no certificate", "give certificate and key");
        }

        return certificate;
    }
}
