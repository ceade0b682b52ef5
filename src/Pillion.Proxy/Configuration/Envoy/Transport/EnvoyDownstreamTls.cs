using Pillion.Core.Configuration.Reading;
using Pillion.Net.Tls;
using Pillion.Proxy.Configuration.Transport;

namespace Pillion.Proxy.Configuration.Envoy.Transport;

/// <summary>The transport socket of a filter chain: DownstreamTlsContext, or bytes as they come.</summary>
internal static class EnvoyDownstreamTls
{
    private static readonly EnvoyExtension Tls = new("DownstreamTlsContext", "envoy.transport_sockets.tls", "tls") { NeedsSettings = true };
    private static readonly EnvoyExtension Raw = new("RawBuffer", "envoy.transport_sockets.raw_buffer", "raw_buffer");

    /// <summary>Null where TLS does not end here.</summary>
    public static DownstreamTlsConfig? Read(ConfigValue value)
    {
        using var map = value.AsMap();
        return EnvoyExtension.Read<DownstreamTlsConfig>(map, "a transport socket", (Tls, ReadContext), (Raw, _ => null));
    }

    private static DownstreamTlsConfig ReadContext(ConfigMap map)
    {
        var context = map.Required("common_tls_context");
        var common = EnvoyCommonTls.Read(context);
        if (context.IsMap && !common.HasCertificates)
        {
            context.Fail("has no certificate", "give tls_certificates");
        }

        var require = map.Optional("require_client_certificate");
        var required = require.AsBool(false);
        if (required && common.Trust is null)
        {
            require.Fail("asks for a certificate that nothing verifies", "give common_tls_context.validation_context.trusted_ca");
        }

        // We keep no sessions, only tickets, so there is nothing to turn off.
        _ = map.Optional("disable_stateful_session_resumption").AsBool(false);
        map.Refuse("session_ticket_keys", "the keys of tickets are made by each sidecar", "remove it");
        map.Refuse("session_ticket_keys_sds_secret_config", "the keys of tickets are made by each sidecar", "remove it");
        _ = map.Optional("ocsp_staple_policy").AsOneOf(EnvoyNames.StaplePolicies, "");
        return new()
        {
            Certificates = common.Certificates,
            ClientCertificates = required || EnvoyTrust.Demands(common.Trust) ? ClientCertificates.Required
                : common.Trust is not null ? ClientCertificates.Optional
                : ClientCertificates.None,
            Resumption = !map.Optional("disable_stateless_session_resumption").AsBool(false),
            Trust = common.Trust,
            ApplicationProtocols = common.ApplicationProtocols,
            MinVersion = common.MinVersion,
            MaxVersion = common.MaxVersion,
            CipherSuites = common.CipherSuites,
            Groups = common.Groups,
            Source = map.Source,
        };
    }
}
