using Pillion.Core.Identity.Secrets;
using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;
using Pillion.Proxy.Configuration.Reading;
using Pillion.Proxy.Configuration.Transport;

namespace Pillion.Proxy.Configuration.Native.Transport;

/// <summary>TLS to a service: <c>mtls</c> and <c>identity</c> for peers of the mesh, <c>tls</c> for everybody else.</summary>
internal static class ClientTls
{
    public static UpstreamTlsConfig? Read(ConfigMap map, ValueList<EndpointConfig> endpoints, bool hasIdentity)
    {
        var mtls = map.Optional("mtls", "Speak mutual TLS with the sidecar of the service, by our own identity. True with `identity`.");
        var identity = map.Optional("identity", "Who the service must be: `spiffe://example.org/ns/default/sa/payments`, `spiffe://example.org/ns/default/*`, or a list. When absent, anybody of a trust domain that we know.");
        var tls = map.Optional("tls", "Speak TLS with the service: `true` verifies its name by the authorities that the system trusts; or a [tls](#tls).");
        var identities = PeerNames.ReadIdentities(identity);
        var isMutual = mtls.AsBool(identity.Exists);
        var ordinary = ReadOrdinary(tls, endpoints);
        if (identity.Exists && !isMutual)
        {
            identity.Fail("stands beside 'mtls: false'", "remove one of the two");
        }

        if (isMutual && tls.Exists)
        {
            tls.Fail($"stands beside {(mtls.Exists ? "mtls" : "identity")}", "keep mtls for services with a sidecar, tls for others");
        }

        if (isMutual && !hasIdentity)
        {
            (mtls.Exists ? mtls : identity).Fail("needs an identity of our own", "add 'identity: DIR' to the file; 'pillion certs init' makes one");
        }

        return !isMutual ? ordinary : new()
        {
            UseIdentity = true,
            Trust = new() { UseIdentity = true, Identities = identities },
            Source = (mtls.Exists ? mtls : identity).Source,
        };
    }

    private static UpstreamTlsConfig? ReadOrdinary(ConfigValue value, ValueList<EndpointConfig> endpoints)
    {
        if (value.IsText)
        {
            if (!value.AsBool(false))
            {
                return null;
            }

            CheckName(value, endpoints);
            return new() { Trust = new() { UseSystem = true }, VerifyServerName = true, Source = value.Source };
        }

        using var map = value.AsMap("tls");
        var serverName = map.Optional("server_name", "The name to ask for and to verify; that of the endpoint when absent.")
            .AsTextOrNull("host name", text => text.Length <= 255 && !text.Contains(':') && AddressText.IsHost(text), "use a host name");
        var names = map.Optional("names", "Names of which the certificate must have one, in place of the name that is asked for.");
        var authorities = map.Optional("authorities", "PEM file with the authorities that the certificate is verified against, or `system`, which it is when absent.");
        var file = authorities.Text == "system" ? null : authorities.AsFileOrNull();
        var settings = TlsSettings.Read(map);
        var tls = new UpstreamTlsConfig
        {
            Certificate = Certificates.Read(map, "PEM file with the certificate that we show when asked, and then its intermediates."),
            ServerName = serverName,
            Trust = new()
            {
                UseSystem = !authorities.Exists || authorities.Text == "system",
                Authorities = file is null ? null : (SecretPart)file,
                RevocationList = map.Optional("crl", "PEM file with revocation lists of the authorities.").AsFileOrNull() is { } list ? (SecretPart)list : null,
                Names = PeerNames.ReadNames(names),
                Hashes = map.Optional("fingerprints", "SHA-256 of certificates, of which it must be one, in place of the name that is asked for.").AsTexts(FingerprintText.Read),
            },
            MinVersion = settings.MinVersion,
            CipherSuites = settings.CipherSuites,
            Groups = settings.Groups,
            Source = value.Source,
        };
        tls = tls with { VerifyServerName = tls.Trust is { Names.Count: 0, Hashes.Count: 0 } };
        if (!map.Has("server_name") && !map.Has("names") && !map.Has("fingerprints"))
        {
            CheckName(value, endpoints);
        }

        return value.IsMap ? tls : null;
    }

    // A certificate for no name in particular is one of anybody's.
    private static void CheckName(ConfigValue value, ValueList<EndpointConfig> endpoints)
    {
        if (endpoints.FirstOrDefault(endpoint => endpoint.Address.ToEndPoint() is not null) is { } unnamed && value.Exists)
        {
            value.Fail($"has no name to verify: the endpoint {ConfigError.Quote(unnamed.Address.ToString())} has none", "use tls: { server_name: NAME }");
        }
    }
}
