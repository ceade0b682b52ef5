using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Configuration.Envoy;
using Pillion.Proxy.Configuration.Reading;
using Pillion.Proxy.Filters.Jwt;
using Pillion.Proxy.Filters.RateLimits;

namespace Pillion.Proxy.Filters.ExternalAuthorization;

/// <summary>Envoy's ExtAuthz and ExtAuthzPerRoute.</summary>
internal static class EnvoyExternalAuthorization
{
    public static ExternalAuthorizationConfig? Read(ConfigMap map, EnvoyScope scope)
    {
        var grpc = map.Optional("grpc_service");
        var http = map.Optional("http_service");
        if (map.Exists && grpc.Exists == http.Exists)
        {
            map.Fail("does not say which service is asked", "give one of grpc_service or http_service");
        }

        foreach (var name in (string[])["metadata_context_namespaces", "typed_metadata_context_namespaces", "route_metadata_context_namespaces", "route_typed_metadata_context_namespaces", "filter_metadata", "emit_filter_state_stats", "bootstrap_metadata_labels_key", "dynamic_metadata_from_headers"])
        {
            map.Refuse(name, "there is no dynamic metadata here", "remove it; context_extensions and headers tell the service more");
        }

        map.Refuse("filter_enabled", "is not supported", "leave the filter out, or switch it off on routes by ExtAuthzPerRoute");
        map.Refuse("filter_enabled_metadata", "is not supported", "switch the filter off on routes by ExtAuthzPerRoute");
        map.Refuse("deny_at_disable", "is not supported", "answer by direct_response instead");
        _ = map.Optional("transport_api_version").AsOneOf(EnvoyGrpcService.Versions, "");
        _ = map.Optional("stat_prefix").AsText();
        _ = map.Optional("clear_route_cache").AsOneOf(NotCleared, "");
        var usual = new ExternalAuthorizationConfig { Cluster = "" };
        var (cluster, authority, timeout) = EnvoyGrpcService.Read(grpc, usual.Timeout, scope);
        var config = usual with
        {
            Cluster = cluster,
            Authority = authority,
            Timeout = timeout,
            FailsOpen = map.Optional("failure_mode_allow").AsBool(false),
            TellsFailOpen = map.Optional("failure_mode_allow_header_add").AsBool(false),
            FailureStatus = ReadStatus(map.Optional("status_on_error")),
            IncludesCertificate = map.Optional("include_peer_certificate").AsBool(false),
            AllowedHeaders = ReadNames(map.Optional("allowed_headers")),
            DisallowedHeaders = ReadNames(map.Optional("disallowed_headers")),
            Source = map.Source,
        };
        config = ReadBody(map.Optional("with_request_body"), config);
        return ReadHttp(http, config, scope);
    }

    public static ExternalAuthorizationConfig? ReadRoute(ConfigMap map, ExternalAuthorizationConfig? listeners)
    {
        var disabled = map.Optional("disabled");
        var value = map.Optional("check_settings");
        var isOff = disabled.AsBool(false);
        if (map.Exists && disabled.Exists == value.Exists)
        {
            map.Fail("does not say one thing", "give disabled: true or check_settings");
        }

        using var settings = value.AsMap("CheckSettings");
        var words = listeners?.Context.ToList() ?? [];
        settings.Optional("context_extensions").AsNamed("NAME", (name, item) =>
        {
            words.RemoveAll(word => word.Name == name);
            words.Add(new(name, item.AsText()));
        });
        var withoutBody = settings.Optional("disable_request_body_buffering").AsBool(false);
        var config = listeners is null ? null : listeners with { Context = words.Count == 0 ? [] : new([.. words]), MaxBodyBytes = withoutBody ? 0 : listeners.MaxBodyBytes, Source = map.Source };
        config = config is null ? null : ReadBody(settings.Optional("with_request_body"), config);
        return isOff ? null : config;
    }

    private static readonly Registry<string> NotCleared = new("choice that is supported") { { "false", "" } };

    private static ExternalAuthorizationConfig ReadBody(ConfigValue value, ExternalAuthorizationConfig config)
    {
        using var map = value.AsMap("BufferSettings");
        var most = map.Required("max_request_bytes").AsInt(8 * 1024, 1, 16 * 1024 * 1024);
        var partial = map.Optional("allow_partial_message").AsBool(false);
        var bytes = map.Optional("pack_as_bytes").AsBool(false);
        return value.IsMap ? config with { MaxBodyBytes = most, AllowsPartialBody = partial, PacksBodyAsBytes = bytes } : config;
    }

    private static ExternalAuthorizationConfig ReadHttp(ConfigValue value, ExternalAuthorizationConfig config, EnvoyScope scope)
    {
        using var map = value.AsMap("HttpService of ExtAuthz");
        using var uri = map.Required("server_uri").AsMap("HttpUri of ExtAuthz");
        _ = uri.Required("uri").AsTextOrNull("web address", JwtKeySettings.IsUrl, "use http://HOST");
        var cluster = uri.Required("cluster");
        var timeout = uri.Required("timeout").AsDuration(config.Timeout, TimeSpan.FromMilliseconds(1));
        var name = cluster.AsText();
        if (cluster.IsText)
        {
            scope.ReferToCluster(cluster);
        }

        var prefix = map.Optional("path_prefix").AsText("path", HttpText.IsPath, "use a path that begins with '/'");
        using var request = map.Optional("authorization_request").AsMap("AuthorizationRequest");
        var asked = ReadNames(request.Optional("allowed_headers"));
        var added = request.Optional("headers_to_add").AsList(ReadHeader);
        using var response = map.Optional("authorization_response").AsMap("AuthorizationResponse");
        response.Refuse("dynamic_metadata_from_headers", "there is no dynamic metadata here", "remove it");
        var http = new HttpAuthorizationConfig
        {
            PathPrefix = prefix,
            AllowedHeaders = asked.Count > 0 ? asked : config.AllowedHeaders,
            AddedHeaders = added,
            UpstreamHeaders = ReadNames(response.Optional("allowed_upstream_headers")),
            AppendedHeaders = ReadNames(response.Optional("allowed_upstream_headers_to_append")),
            ClientHeaders = ReadNames(response.Optional("allowed_client_headers")),
            ClientHeadersOnSuccess = ReadNames(response.Optional("allowed_client_headers_on_success")),
        };
        return value.IsMap ? config with { Cluster = name, Timeout = timeout, Http = http } : config;
    }

    private static HeaderValueConfig? ReadHeader(ConfigValue value)
    {
        using var map = value.AsMap("HeaderValue");
        var name = HeaderName.Read(map.Required("key"));
        var text = OperatorText.Read(map.Required("value"));
        return name is null || text is null ? null : new(name, text, HeaderAppend.Set);
    }

    private static ValueList<ValueMatchConfig> ReadNames(ConfigValue value)
    {
        using var map = value.AsMap("ListStringMatcher");
        return map.Required("patterns").AsList(item => EnvoyValueMatch.ReadText(item, new ValueMatchConfig { Name = "" }));
    }

    private static int ReadStatus(ConfigValue value)
    {
        using var map = value.AsMap("HttpStatus");
        return EnvoyStatusNames.Read(map.Optional("code"), 403);
    }
}
