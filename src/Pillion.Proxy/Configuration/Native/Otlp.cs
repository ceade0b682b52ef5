using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;
using Pillion.Core.Signals.Otlp;
using Pillion.Proxy.Configuration.Reading;

namespace Pillion.Proxy.Configuration.Native;

/// <summary><c>otlp: SERVICE | { to, protocol, … }</c>: the collector that spans, metrics and access-log records go to.</summary>
internal static class Otlp
{
    private static readonly Registry<OtlpProtocol> Protocols = new("protocol of OTLP") { { "grpc", OtlpProtocol.Grpc }, { "http", OtlpProtocol.Http } };

    private static readonly Registry<bool> Compressions = new("compression") { { "none", false }, { "gzip", true } };

    private static readonly TimeSpan UsualMetricsInterval = TimeSpan.FromSeconds(60);

    /// <param name="workload">Whom we stand beside: what is told about is its service.</param>
    public static OtlpConfig? Read(ConfigValue value, string workload)
    {
        var defaults = new OtlpConfig { Cluster = "", ServiceName = workload.Length > 0 ? workload : "unknown_service:pillion", MetricsInterval = UsualMetricsInterval, Source = value.Source };
        if (value.IsText)
        {
            return defaults with { Cluster = value.AsText() };
        }

        using var map = value.AsMap();
        var to = map.Required("to", "The collector, as a service of `outbound.services`; `otlp: NAME` is short for it.").AsText();
        var protocol = map.Optional("protocol", "`grpc`, whose service must speak http2, or `http` for protobuf in POST requests.").AsOneOf(Protocols, OtlpProtocol.Grpc);
        var prefix = map.Optional("path", "What stands before `/v1/traces` and its kin in the path of those requests, such as `/otlp`.");
        if (prefix.Exists && protocol == OtlpProtocol.Grpc)
        {
            prefix.Fail("is for HTTP; gRPC's paths are fixed", "add protocol: http, or remove it");
        }

        var metrics = map.Optional("metrics", "How often metrics are sent; `off` sends none.");
        var config = defaults with
        {
            Cluster = to,
            Protocol = protocol,
            Authority = map.Optional("authority", "The Host that is asked for; the service's name when absent.").AsTextOrNull("host", HttpText.IsHost, "use a host name, with a port or without"),
            PathPrefix = prefix.AsTextOrNull("path", path => HttpText.IsPath(path) && path.Length > 1, "use a path such as /otlp")?.TrimEnd('/') ?? "",
            Headers = ReadHeaders(map.Optional("headers", "Headers that go with each batch, such as an API key: `{ api-key: ${KEY} }`.")),
            Timeout = map.Optional("timeout", "Time for one batch, connecting included.").AsDuration(defaults.Timeout, TimeSpan.FromMilliseconds(10)),
            Gzip = map.Optional("compression", "`gzip` spends some processor time to save network.").AsOneOf(Compressions, false),
            Interval = map.Optional("interval", "The longest that a span or a log record waits for its batch to fill.").AsDuration(defaults.Interval, TimeSpan.FromMilliseconds(100)),
            Queue = map.Optional("queue", "Traced requests that may wait; further ones are dropped and counted.").AsInt(defaults.Queue, 16, 1_000_000),
            MetricsInterval = NativeNames.IsOff(metrics) ? TimeSpan.Zero : metrics.AsDuration(UsualMetricsInterval, TimeSpan.FromSeconds(1)),
            Resource = ReadTexts(map.Optional("resource", "Further attributes of who we are, such as `{ deployment.environment.name: production }`; also in place of `service.name` and the others that we say ourselves.")),
        };
        return value.IsMap ? config : null;
    }

    /// <summary>Behind the services: the collector must be one, and speak what we speak to it.</summary>
    public static void Check(ConfigValue value, OtlpConfig? otlp, NativeScope scope)
    {
        if (otlp is null)
        {
            return;
        }

        var to = value.IsMap ? Find(value) : value;
        if (scope.Clusters.Find(cluster => cluster.Name == otlp.Cluster) is not { } cluster || !scope.Targets.Has(otlp.Cluster))
        {
            scope.Targets.Refer(to);
        }
        else if (otlp.Protocol == OtlpProtocol.Grpc && cluster.Protocol is HttpProtocol.Http1)
        {
            to.FailText("is asked by gRPC, which is HTTP/2, and its service speaks http1", "add protocol: http2 to the service, or protocol: http to otlp");
        }
    }

    /// <summary>Texts under names that the user chose.</summary>
    public static ValueList<KeyValuePair<string, string>> ReadTexts(ConfigValue value)
    {
        var texts = new List<KeyValuePair<string, string>>();
        value.AsNamed("NAME", (name, item) =>
        {
            if (item.AsTextOrNull() is { } text)
            {
                texts.Add(new(name, text));
            }
        });
        return new([.. texts]);
    }

    private static ConfigValue Find(ConfigValue value)
    {
        // Asked for again only to have its place; the keys beside it were read.
        ConfigValue found = default;
        value.AsNamed("NAME", (name, item) => found = name == "to" ? item : found);
        return found;
    }

    private static ValueList<KeyValuePair<string, string>> ReadHeaders(ConfigValue value)
    {
        var headers = new List<KeyValuePair<string, string>>();
        value.AsNamed("NAME", (name, item) =>
        {
            if (!HttpText.IsToken(name) && !item.IsDescribing)
            {
                item.Fail($"{ConfigError.Quote(name)} is not a header name", "use letters, digits and hyphens");
            }

            if (item.AsTextOrNull("header value", HttpText.IsFieldValue, "use visible characters and spaces") is { } text)
            {
                headers.Add(new(name.ToLowerInvariant(), text));
            }
        });
        return new([.. headers]);
    }
}
