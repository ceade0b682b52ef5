using Pillion.Core.Configuration.Reading;
using Pillion.Net.Http;
using Pillion.Proxy.Configuration.Reading;

namespace Pillion.Proxy.Configuration.Envoy;

/// <summary>
/// Envoy's HttpConnectionManager. Envoy's defaults hold where they decide what a file means; where Envoy's default is merely lax (path
/// normalisation, head time-out) ours stays until the file says otherwise.
/// </summary>
internal static class EnvoyConnectionManager
{
    public static HttpConfig Read(ConfigMap map, EnvoyScope scope)
    {
        var defaults = new HttpConfig { StatPrefix = "", UseRemoteAddress = false, ForwardProxy = true, Via = null, Upgrades = [] };
        var codec = map.Optional("codec_type").AsOneOf(EnvoyNames.Codecs, HttpProtocol.Auto);
        _ = map.Optional("server_header_transformation").AsOneOf(EnvoyNames.ServerHeaders, "");
        var statPrefix = map.Required("stat_prefix").AsText();
        var filters = EnvoyFilters.Read(map.Required("http_filters"), scope);
        var upgrades = EnvoyUpgrades.Read(map.Optional("upgrade_configs"), EnvoyUpgrades.None, allowConnectConfig: false);
        var http = ReadCommon(map.Optional("common_http_protocol_options"), defaults);
        http = ReadHttp1(map.Optional("http_protocol_options"), http);
        _ = map.Optional("path_with_escaped_slashes_action").AsOneOf(EnvoyNames.EscapedSlashActions, "");
        return http with
        {
            StatPrefix = statPrefix,
            Codec = codec,
            Http2 = EnvoyHttp2.Read(map.Optional("http2_protocol_options")),
            ClientCertificate = ReadClientCertificate(map),
            DrainTimeout = map.Optional("drain_timeout").AsDuration(http.DrainTimeout),
            Routes = EnvoyRouteTable.Read(map.Required("route_config"), upgrades, filters, scope),
            Filters = filters.Configs,
            Rules = http.Rules with
            {
                MaxHeadBytes = map.Optional("max_request_headers_kb").AsInt(http.Rules.MaxHeadBytes / 1024, 1, 8192) * 1024,
                NormalizeDotSegments = map.Optional("normalize_path").AsBool(http.Rules.NormalizeDotSegments),
                MergeSlashesInMatching = map.Optional("merge_slashes").AsBool(http.Rules.MergeSlashesInMatching),
            },
            RequestHeadersTimeout = map.Optional("request_headers_timeout").AsDuration(http.RequestHeadersTimeout),
            StreamIdleTimeout = map.Optional("stream_idle_timeout").AsDuration(http.StreamIdleTimeout),
            RequestTimeout = map.Optional("request_timeout").AsDuration(http.RequestTimeout),
            DelayedCloseTimeout = map.Optional("delayed_close_timeout").AsDuration(http.DelayedCloseTimeout),
            ServerName = map.Optional("server_name").AsText("field value", HttpText.IsFieldValue, "use visible characters", http.ServerName),
            UseRemoteAddress = map.Optional("use_remote_address").AsBool(http.UseRemoteAddress),
            TrustedHops = map.Optional("xff_num_trusted_hops").AsInt(http.TrustedHops, 0, 100),
            Via = map.Optional("via").AsTextOrNull("name", HttpText.IsToken, "use a token"),
            GenerateRequestId = map.Optional("generate_request_id").AsBool(http.GenerateRequestId),
            PreserveRequestId = map.Optional("preserve_external_request_id").AsBool(http.PreserveRequestId),
            Upgrades = upgrades.Protocols,
            Tracing = EnvoyTracing.Read(map.Optional("tracing"), scope),
            AccessLogs = map.Optional("access_log").AsList(item => EnvoyAccessLog.Read(item, scope)),
        };
    }

    private static ClientCertificateForwarding ReadClientCertificate(ConfigMap map)
    {
        var mode = map.Optional("forward_client_cert_details").AsOneOf(EnvoyNames.ClientCertDetails, ForwardClientCert.Sanitize);
        using var details = map.Optional("set_current_client_cert_details").AsMap();
        return new()
        {
            Mode = mode,
            Subject = details.Optional("subject").AsBool(false),
            Cert = details.Optional("cert").AsBool(false),
            Dns = details.Optional("dns").AsBool(false),
            Uri = details.Optional("uri").AsBool(false),
        };
    }

    private static HttpConfig ReadCommon(ConfigValue value, HttpConfig http)
    {
        using var map = value.AsMap();
        var underscores = map.Optional("headers_with_underscores_action");
        return http with
        {
            IdleTimeout = map.Optional("idle_timeout").AsDuration(http.IdleTimeout),
            MaxRequestsPerConnection = map.Optional("max_requests_per_connection").AsInt(http.MaxRequestsPerConnection),
            Rules = http.Rules with
            {
                MaxFields = map.Optional("max_headers_count").AsInt(http.Rules.MaxFields, 1, 10_000),
                RejectAliasedUnderscores = underscores.AsOneOf(EnvoyNames.UnderscoreActions, http.Rules.RejectAliasedUnderscores),
            },
        };
    }

    private static HttpConfig ReadHttp1(ConfigValue value, HttpConfig http)
    {
        using var map = value.AsMap();
        var trailers = map.Optional("enable_trailers");
        if (!trailers.AsBool(true))
        {
            trailers.Fail("trailers are always passed on", "remove it");
        }

        var absolute = map.Optional("allow_absolute_url");
        if (!absolute.AsBool(true))
        {
            absolute.Fail("absolute URLs are always understood", "remove it");
        }

        return http with
        {
            Rules = http.Rules with
            {
                AcceptHttp10 = map.Optional("accept_http_10").AsBool(http.Rules.AcceptHttp10),
                RejectLengthAndChunked = !map.Optional("allow_chunked_length").AsBool(!http.Rules.RejectLengthAndChunked),
            },
        };
    }
}
