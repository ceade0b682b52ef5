using Pillion.Core.Configuration.Reading;

namespace Pillion.Proxy.Configuration.Envoy;

/// <summary>Which HTTP a cluster speaks: in HttpProtocolOptions, or in the fields of before it.</summary>
internal static class EnvoyClusterProtocol
{
    private const string Typed = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

    public static ClusterConfig Read(ConfigMap map, ClusterConfig cluster)
    {
        cluster = ReadOld(map, cluster);
        var extensions = map.Optional("typed_extension_protocol_options");
        using var extension = extensions.AsMap();
        var options = extension.Optional(Typed);
        if (options.Exists && (map.Has("http_protocol_options") || map.Has("http2_protocol_options") || map.Has("upstream_http_protocol_options")))
        {
            options.Fail("stands beside the fields it replaces", "move http_protocol_options, http2_protocol_options and upstream_http_protocol_options into it");
        }

        cluster = ReadTyped(options, cluster);
        if (cluster is { Protocol: HttpProtocol.Auto, Tls: null } && options.Exists)
        {
            options.Fail("has auto_config, which asks by ALPN, without TLS", "add a transport_socket with UpstreamTlsContext, or use explicit_http_config");
        }

        return cluster;
    }

    private static ClusterConfig ReadOld(ConfigMap map, ClusterConfig cluster)
    {
        cluster = ReadCommon(map.Optional("common_http_protocol_options"), cluster);
        cluster = ReadUpstream(map.Optional("upstream_http_protocol_options"), cluster);
        map.Optional("http_protocol_options").AsMap().Dispose();
        var http2 = map.Optional("http2_protocol_options");
        var settings = EnvoyHttp2.Read(http2);
        cluster = http2.Exists ? cluster with { Http2 = settings, Protocol = HttpProtocol.Http2 } : cluster;
        return map.Optional("protocol_selection").AsOneOf(EnvoyNames.ProtocolSelections, false) ? cluster with { Protocol = HttpProtocol.AsDownstream } : cluster;
    }

    private static ClusterConfig ReadTyped(ConfigValue value, ClusterConfig cluster)
    {
        using var map = value.AsMap("HttpProtocolOptions");
        _ = map.Optional("@type").AsText();
        cluster = ReadCommon(map.Optional("common_http_protocol_options"), cluster);
        cluster = ReadUpstream(map.Optional("upstream_http_protocol_options"), cluster);
        var configured = map.Optional("explicit_http_config");
        var downstream = map.Optional("use_downstream_protocol_config");
        var automatic = map.Optional("auto_config");
        if (new[] { configured, downstream, automatic }.Count(given => given.Exists) > 1)
        {
            map.Fail("chooses the protocol in several ways", "give one of explicit_http_config, use_downstream_protocol_config or auto_config");
        }

        cluster = ReadChoice(configured, HttpProtocol.Http1, isExplicit: true, cluster);
        cluster = ReadChoice(downstream, HttpProtocol.AsDownstream, isExplicit: false, cluster);
        return ReadChoice(automatic, HttpProtocol.Auto, isExplicit: false, cluster);
    }

    private static ClusterConfig ReadChoice(ConfigValue value, HttpProtocol protocol, bool isExplicit, ClusterConfig cluster)
    {
        using var map = value.AsMap();
        var http1 = map.Optional("http_protocol_options");
        http1.AsMap().Dispose();
        var http2 = map.Optional("http2_protocol_options");
        var settings = EnvoyHttp2.Read(http2);
        map.Refuse("http3_protocol_options", "HTTP/3 is not spoken", "use http2_protocol_options");
        if (isExplicit && http1.Exists && http2.Exists)
        {
            http2.Fail("stands beside http_protocol_options", "give one of the two");
        }

        return !value.Exists ? cluster : cluster with
        {
            Protocol = isExplicit && http2.Exists ? HttpProtocol.Http2 : protocol,
            Http2 = http2.Exists ? settings : cluster.Http2,
        };
    }

    private static ClusterConfig ReadCommon(ConfigValue value, ClusterConfig cluster)
    {
        using var map = value.AsMap();
        return cluster with
        {
            IdleTimeout = map.Optional("idle_timeout").AsDuration(cluster.IdleTimeout),
            MaxRequestsPerConnection = map.Optional("max_requests_per_connection").AsInt(cluster.MaxRequestsPerConnection),
        };
    }

    private static ClusterConfig ReadUpstream(ConfigValue value, ClusterConfig cluster)
    {
        using var map = value.AsMap();
        var sni = map.Optional("auto_sni");
        var names = map.Optional("auto_san_validation");
        if (sni.AsBool(false))
        {
            // One pool of connections serves requests to all hosts, so the name cannot be that of each request.
            sni.Fail("takes the server name from each request", "use sni or auto_host_sni of UpstreamTlsContext");
        }

        if (!names.AsBool(false))
        {
            return cluster;
        }

        if (cluster.Tls?.Trust is null)
        {
            names.Fail("verifies the name of a certificate that nothing verifies", "give UpstreamTlsContext a validation_context with trusted_ca");
            return cluster;
        }

        return cluster with { Tls = cluster.Tls with { VerifyServerName = true } };
    }
}
