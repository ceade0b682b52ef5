using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;
using Pillion.Core.Signals.Otlp;
using Pillion.Proxy.Configuration.Reading;

namespace Pillion.Proxy.Configuration.Envoy;

/// <summary>Where Envoy's extensions for OpenTelemetry send: <c>grpc_service</c> or <c>http_service</c> with a cluster of the file.</summary>
internal static class EnvoyOtlp
{
    /// <summary>Null after a mistake.</summary>
    public static OtlpConfig? Read(ConfigMap settings, EnvoyScope scope, bool grpcOnly = false)
    {
        var grpc = settings.Optional("grpc_service");
        if (grpcOnly)
        {
            var only = ReadGrpc(grpc, scope);
            return !grpc.Exists ? Missing(settings, "give grpc_service with envoy_grpc.cluster_name") : only;
        }

        var http = settings.Optional("http_service");
        var config = ReadGrpc(grpc, scope);
        var overHttp = ReadHttp(http, scope);
        return
            grpc.Exists && http.Exists ? Missing(settings, "give one of grpc_service and http_service") :
            !grpc.Exists && !http.Exists ? Missing(settings, "give grpc_service with envoy_grpc.cluster_name, or http_service") :
            config ?? overHttp;
    }

    /// <summary>OpenTelemetryAccessLogConfig: the body and the attributes are texts of operators.</summary>
    public static AccessLogConfig? ReadAccessLog(ConfigMap settings, ConfigValue value, EnvoyScope scope)
    {
        var common = settings.Optional("common_config");
        OtlpConfig? export = null;
        var logName = "";
        using (var map = common.AsMap())
        {
            logName = map.Required("log_name").AsText();
            if (map.Optional("transport_api_version") is { Exists: true } version && version.AsText() is not ("V3" or "AUTO"))
            {
                version.FailText("is not a version that is supported", "use V3");
            }

            var flush = map.Optional("buffer_flush_interval").AsDuration(TimeSpan.FromSeconds(1), TimeSpan.FromMilliseconds(100));
            export = common.Exists ? Read(map, scope, grpcOnly: true) : null;
            export = export is null ? null : export with { Interval = flush };
        }

        if (settings.Has("grpc_service") || settings.Has("http_service") || !common.Exists)
        {
            export = Read(settings, scope) ?? export;
        }

        var body = settings.Optional("body");
        string? text;
        using (var map = body.AsMap("AnyValue"))
        {
            text = OperatorText.Read(map.Optional("string_value"));
        }

        var attributes = ReadTexts(settings.Optional("attributes"));
        var resource = ReadTexts(settings.Optional("resource_attributes"));
        var builtin = !settings.Optional("disable_builtin_labels").AsBool(false) && logName.Length > 0;
        return export is null ? null : new AccessLogConfig
        {
            Path = "otlp",
            Format = AccessLogFormat.Text,

            // Without a body Envoy's record has none; a record that says nothing is of no use, so ours has Envoy's default line.
            Text = text,
            Attributes = attributes,
            Otlp = export with { Resource = new([.. builtin ? [new KeyValuePair<string, string>("log_name", logName)] : Array.Empty<KeyValuePair<string, string>>(), .. resource]) },
            Source = value.Source,
        };
    }

    /// <summary>What an environment variable holds, or what is taken where it is not set.</summary>
    public static string? Variable(ConfigValue name, string? otherwise) => otherwise is null ? name.AsVariableOrNull() : name.VariableOr(otherwise);

    private static OtlpConfig? Missing(ConfigMap settings, string remedy)
    {
        if (settings.Exists)
        {
            settings.Fail("does not say where to send", remedy);
        }

        return null;
    }

    // KeyValueList { values: [ { key, value: { string_value } } ] }.
    private static ValueList<KeyValuePair<string, string>> ReadTexts(ConfigValue value)
    {
        using var map = value.AsMap("KeyValueList");
        var texts = new List<KeyValuePair<string, string>>();
        map.Optional("values").AsList(item =>
        {
            using var pair = item.AsMap("KeyValue");
            var key = pair.Required("key").AsText();
            using var any = pair.Required("value").AsMap("AnyValue");
            if (OperatorText.Read(any.Required("string_value")) is { } text)
            {
                texts.Add(new(key, text));
            }

            return "";
        });
        return new([.. texts]);
    }

    private static OtlpConfig? ReadGrpc(ConfigValue value, EnvoyScope scope)
    {
        using var map = value.AsMap("GrpcService");
        map.Refuse("google_grpc", "is not supported: calls go over clusters of the file", "use envoy_grpc with a cluster_name");
        using var envoy = map.Optional("envoy_grpc").AsMap("EnvoyGrpc");
        var cluster = envoy.Required("cluster_name");
        var authority = envoy.Optional("authority").AsTextOrNull("host", HttpText.IsHost, "use a host name");
        var defaults = new OtlpConfig { Cluster = "", ServiceName = ServiceName(scope) };
        var timeout = map.Optional("timeout").AsDuration(defaults.Timeout, TimeSpan.FromMilliseconds(1));
        var headers = new List<KeyValuePair<string, string>>();
        map.Optional("initial_metadata").AsList(item => ReadHeader(item, headers));
        if (value.IsMap && !envoy.Exists && !map.Has("google_grpc"))
        {
            map.Fail("names no cluster", "add envoy_grpc: { cluster_name: … }");
        }

        return envoy.Exists ? defaults with { Cluster = ReadCluster(cluster, scope), Authority = authority, Timeout = timeout, Headers = new([.. headers]), Source = value.Source } : null;
    }

    private static OtlpConfig? ReadHttp(ConfigValue value, EnvoyScope scope)
    {
        using var map = value.AsMap("HttpService");
        var defaults = new OtlpConfig { Cluster = "", Protocol = OtlpProtocol.Http, ServiceName = ServiceName(scope), Source = value.Source };
        var target = map.Required("http_uri");
        using var uri = target.AsMap("HttpUri");
        var text = uri.Required("uri");
        var cluster = uri.Required("cluster");
        var timeout = uri.Required("timeout").AsDuration(defaults.Timeout, TimeSpan.FromMilliseconds(1));
        var headers = new List<KeyValuePair<string, string>>();
        map.Optional("request_headers_to_add").AsList(item =>
        {
            using var option = item.AsMap("HeaderValueOption");
            return ReadHeader(option.Required("header"), headers);
        });
        if (!value.IsMap)
        {
            _ = text.AsText();
            _ = cluster.AsText();
            return null;
        }

        if (!Uri.TryCreate(text.AsText(), UriKind.Absolute, out var parsed) || parsed.Scheme is not ("http" or "https"))
        {
            if (text.IsText)
            {
                text.FailText("is not a URI", "use one such as http://collector:4318/v1/traces");
            }

            return null;
        }

        // The cluster says where to connect and whether by TLS; of the URI the host and the path are used (Envoy: HttpUri).
        return defaults with { Cluster = ReadCluster(cluster, scope), Authority = parsed.Authority, Path = parsed.PathAndQuery, Timeout = timeout, Headers = new([.. headers]) };
    }

    private static string ServiceName(EnvoyScope scope) => scope.Workload.Length > 0 ? scope.Workload : "unknown_service:envoy";

    private static string ReadCluster(ConfigValue value, EnvoyScope scope)
    {
        scope.ReferToCluster(value);
        return value.AsText();
    }

    private static string ReadHeader(ConfigValue value, List<KeyValuePair<string, string>> headers)
    {
        using var map = value.AsMap("HeaderValue");
        var name = map.Required("key").AsTextOrNull("header name", HttpText.IsToken, "use letters, digits and hyphens");
        var text = map.Required("value").AsTextOrNull("header value", HttpText.IsFieldValue, "use visible characters and spaces");
        if (name is not null && text is not null)
        {
            headers.Add(new(name.ToLowerInvariant(), text));
        }

        return "";
    }
}
