using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;
using Pillion.Proxy.Configuration.Reading;

namespace Pillion.Proxy.Configuration.Envoy;

/// <summary>A cluster's health_checks: one, as in Envoy.</summary>
internal static class EnvoyHealthCheck
{
    private const int MostPayloads = 16;

    public static ValueList<HealthCheckConfig> Read(ConfigValue value, ClusterConfig cluster)
    {
        var checks = value.AsList(item => ReadOne(item, cluster));
        if (value.Count > 1)
        {
            value.Fail("has several checks", "give one, as Envoy takes only one");
        }

        return checks;
    }

    private static HealthCheckConfig? ReadOne(ConfigValue value, ClusterConfig cluster)
    {
        using var map = value.AsMap("HealthCheck");
        var http = map.Optional("http_health_check");
        var tcp = map.Optional("tcp_health_check");
        var grpc = map.Optional("grpc_health_check");
        map.Refuse("custom_health_check", "checks of Redis, Thrift and the like are extensions", "use tcp_health_check with send and receive");
        if (value.IsMap && !map.Has("custom_health_check") && new[] { http, tcp, grpc }.Count(given => given.Exists) != 1)
        {
            map.Fail("does not say what to ask, or says it twice", "give one of http_health_check, tcp_health_check or grpc_health_check");
        }

        var check = ReadTimes(map) with { Kind = http.Exists ? HealthCheckKind.Http : tcp.Exists ? HealthCheckKind.Tcp : HealthCheckKind.Grpc, Source = value.Source };
        check = ReadGrpc(grpc, ReadTcp(tcp, ReadHttp(http, check, cluster)));
        if (check.Kind == HealthCheckKind.Grpc && grpc.Exists && cluster.Protocol == HttpProtocol.Http1)
        {
            grpc.Fail("asks by gRPC a cluster that speaks HTTP/1.1", "give the cluster http2_protocol_options");
        }

        var reuse = map.Optional("reuse_connection");
        var isReused = reuse.AsBool(true);
        if (reuse.Exists && isReused && check.Kind == HealthCheckKind.Tcp)
        {
            reuse.Fail("keeps the connection of a TCP check, which is made anew each time here", "use false, or remove it");
        }
        else if (!isReused && (check.Kind == HealthCheckKind.Grpc || (check.Kind == HealthCheckKind.Http && cluster.Protocol != HttpProtocol.Http1)))
        {
            reuse.Fail("makes a connection for each check, which is for HTTP/1.1 and TCP", "remove it");
        }

        return check with
        {
            UnhealthyThreshold = map.Required("unhealthy_threshold").AsInt(check.UnhealthyThreshold, 1, 1000),
            HealthyThreshold = map.Required("healthy_threshold").AsInt(check.HealthyThreshold, 1, 1000),
            ReuseConnection = isReused,
            AlwaysLogFailures = map.Optional("always_log_health_check_failures").AsBool(false),
        };
    }

    private static HealthCheckConfig ReadTimes(ConfigMap map)
    {
        var usual = new HealthCheckConfig();
        var shortest = TimeSpan.FromMilliseconds(1);
        return usual with
        {
            Timeout = map.Required("timeout").AsDuration(usual.Timeout, shortest),
            Interval = map.Required("interval").AsDuration(usual.Interval, shortest),
            InitialJitter = map.Optional("initial_jitter").AsDuration(TimeSpan.Zero),
            IntervalJitter = map.Optional("interval_jitter").AsDuration(TimeSpan.Zero),
            IntervalJitterPercent = map.Optional("interval_jitter_percent").AsInt(0, 0, 10_000),
            NoTrafficInterval = map.Optional("no_traffic_interval").AsDuration(usual.NoTrafficInterval, shortest),
            NoTrafficHealthyInterval = map.Optional("no_traffic_healthy_interval").AsDurationOrNull(),
            UnhealthyInterval = map.Optional("unhealthy_interval").AsDurationOrNull(),
            UnhealthyEdgeInterval = map.Optional("unhealthy_edge_interval").AsDurationOrNull(),
            HealthyEdgeInterval = map.Optional("healthy_edge_interval").AsDurationOrNull(),
        };
    }

    private static HealthCheckConfig ReadHttp(ConfigValue value, HealthCheckConfig check, ClusterConfig cluster)
    {
        using var map = value.AsMap("HttpHealthCheck");
        foreach (var other in new[] { "send", "receive", "response_buffer_size" })
        {
            map.Refuse(other, "the body of a check is neither sent nor compared", "remove it; the status tells");
        }

        map.Refuse("service_name_matcher", "the x-envoy-upstream-healthchecked-cluster field is not looked at", "remove it");
        map.Refuse("request_headers_to_remove", "a check sends only Host, User-Agent and request_headers_to_add", "remove it");
        var codec = map.Optional("codec_client_type");
        if (codec.AsOneOf(EnvoyNames.CheckCodecs, HttpProtocol.Http1) == HttpProtocol.Http2 && cluster.Protocol == HttpProtocol.Http1)
        {
            codec.FailText("is not what the cluster speaks", "give the cluster http2_protocol_options; checks speak what requests do");
        }

        var expected = map.Optional("expected_statuses");
        return check with
        {
            Authority = map.Optional("host").AsTextOrNull("host", HttpText.IsHost, "use a host name") ?? check.Authority,
            Path = map.Required("path").AsText("path", text => HttpText.IsPath(text.Split('?')[0]), "use a path such as /healthz", "/"),
            Method = map.Optional("method").AsOneOf(EnvoyNames.CheckMethods, "GET"),
            ExpectedStatuses = expected.Exists ? ReadStatuses(expected) : check.ExpectedStatuses,
            RetriableStatuses = ReadStatuses(map.Optional("retriable_statuses")),
            Headers = map.Optional("request_headers_to_add").AsList(ReadHeader),
        };
    }

    private static HealthCheckHeader? ReadHeader(ConfigValue value)
    {
        using var map = value.AsMap();
        using var header = map.Required("header").AsMap();
        var name = HeaderName.Read(header.Required("key"));
        var text = header.Required("value").AsTextOrNull("field value of a check", text => HttpText.IsFieldValue(text) && !text.Contains('%'), "use visible characters and spaces; there is no request that operators could read");
        return name is null || text is null ? null : new(name, text);
    }

    // Int64Range: the end is not part of it.
    private static ValueList<StatusRange> ReadStatuses(ConfigValue value) => value.AsValues<StatusRange>(item =>
    {
        using var map = item.AsMap("Int64Range");
        var start = map.Required("start").AsInt(200, 100, 600);
        var endValue = map.Required("end");
        var end = endValue.AsInt(201, 100, 600);
        if (end <= start && endValue.Exists)
        {
            endValue.FailText("ends the range before it begins", "use a number above start; it is the first that does not belong to it");
            return null;
        }

        return new StatusRange(start, end - 1);
    });

    private static HealthCheckConfig ReadTcp(ConfigValue value, HealthCheckConfig check)
    {
        using var map = value.AsMap("TcpHealthCheck");
        map.Refuse("proxy_protocol_config", "a check sends the PROXY header that the cluster sends", "give the cluster ProxyProtocolUpstreamTransport");
        var receive = map.Optional("receive");
        if (receive.Count > MostPayloads)
        {
            receive.Fail($"has {receive.Count} parts", $"give {MostPayloads} at most");
        }

        return check with { Send = ReadPayload(map.Optional("send")) ?? "", Receive = receive.AsList(ReadPayload) };
    }

    // Payload: text is hex in Envoy, binary is base64 as protobuf writes bytes in JSON.
    private static string? ReadPayload(ConfigValue value)
    {
        using var map = value.AsMap("Payload");
        var text = map.Optional("text");
        var binary = map.Optional("binary");
        if (value.IsMap && text.Exists == binary.Exists)
        {
            map.Fail("does not say which bytes, or says it twice", "give text, in hex, or binary, in base64");
        }

        var hex = text.AsTextOrNull("payload in hex", given => given.Length > 0 && given.Length % 2 == 0 && given.All(char.IsAsciiHexDigit), "use pairs of digits, such as 0d0a")?.ToUpperInvariant();
        var bytes = binary.AsTextOrNull("payload in base64", given => given.Length > 0 && Convert.TryFromBase64String(given, new byte[given.Length], out _), "use base64");
        return hex ?? (bytes is null ? null : Convert.ToHexString(Convert.FromBase64String(bytes)));
    }

    private static HealthCheckConfig ReadGrpc(ConfigValue value, HealthCheckConfig check)
    {
        using var map = value.AsMap("GrpcHealthCheck");
        map.Refuse("initial_metadata", "a gRPC check sends no further fields", "remove it");
        return check with
        {
            GrpcService = map.Optional("service_name").AsText(),
            Authority = map.Optional("authority").AsTextOrNull("host", HttpText.IsHost, "use a host name") ?? check.Authority,
        };
    }
}
