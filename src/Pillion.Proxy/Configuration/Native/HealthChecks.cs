using System.Text;
using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;
using Pillion.Proxy.Configuration.Reading;

namespace Pillion.Proxy.Configuration.Native;

/// <summary><c>health: grpc | tcp | { http: /healthz, … } | { tcp: { send: …, expect: … }, … } | { grpc: SERVICE, … }</c> of a service.</summary>
internal static class HealthChecks
{
    // A tenth more or less, so that many sidecars do not ask in step; Envoy's files say it themselves.
    private static readonly HealthCheckConfig Usual = new() { IntervalJitterPercent = 10 };

    public static ValueList<HealthCheckConfig> Read(ConfigValue value, HttpProtocol? protocol)
    {
        var check = ReadOne(value);
        switch (check?.Kind)
        {
            case HealthCheckKind.Grpc when protocol is not (HttpProtocol.Http2 or HttpProtocol.Auto or HttpProtocol.AsDownstream):
                value.Fail("asks by gRPC, which is HTTP/2", "add protocol: http2");
                break;
            case HealthCheckKind.Http when protocol is null:
                value.Fail("asks by HTTP, and the protocol is tcp", "use health: tcp");
                break;
            case HealthCheckKind.Http when protocol == HttpProtocol.Http2 && !check.ReuseConnection:
                value.Fail("makes a connection for each check, which is for HTTP/1", "remove reuse_connection");
                break;
        }

        return check is null ? [] : [check];
    }

    private static HealthCheckConfig? ReadOne(ConfigValue value)
    {
        if (value.IsText)
        {
            return value.AsOneOf(NativeNames.HealthChecks, null) is { } kind ? Usual with { Kind = kind, Source = value.Source } : null;
        }

        using var map = value.AsMap();
        var grpc = map.Optional("grpc", "Ask each endpoint by `grpc.health.v1` about this service; an empty text is the server as a whole, for which `health: grpc` is short.");
        var http = map.Optional("http", "Ask for this path, such as `/healthz`, or by a whole [request](#health-request).");
        var tcp = map.Optional("tcp", "Connect and [talk](#health-bytes); `health: tcp` only connects.");
        var check = Usual with { Kind = http.Exists ? HealthCheckKind.Http : tcp.Exists ? HealthCheckKind.Tcp : HealthCheckKind.Grpc, GrpcService = grpc.AsText(), Source = value.Source };
        if (value.IsMap && new[] { grpc, http, tcp }.Count(given => given.Exists) != 1)
        {
            map.Fail("does not say how to ask, or says it twice", "give one of http, grpc or tcp");
        }

        check = ReadTimes(map, ReadBytes(tcp, ReadRequest(http, check)));
        var reuse = map.Optional("reuse_connection", "Ask on the connections that requests use; else each check makes its own. Bytes always do.");
        if (reuse.Exists && check.Kind == HealthCheckKind.Tcp && value.IsMap)
        {
            reuse.Fail("is for HTTP: what is said by tcp has a connection of its own each time", "remove it");
        }

        var isReused = reuse.AsBool(true);
        if (!isReused && check.Kind == HealthCheckKind.Grpc && value.IsMap)
        {
            reuse.Fail("makes a connection for each check, which is for HTTP/1", "remove it");
        }

        check = check with
        {
            ReuseConnection = isReused,
            Authority = map.Optional("authority", "The Host or authority that is asked; the service's name when absent.").AsTextOrNull("host", HttpText.IsHost, "use a host name, with a port or without"),
            UnhealthyThreshold = map.Optional("failures", "Failures in a row until an endpoint is taken out; a status that is not expected does it at once.").AsInt(Usual.UnhealthyThreshold, 1, 1000),
            HealthyThreshold = map.Optional("successes", "Successes in a row until it is taken back; the first check of all needs only one.").AsInt(Usual.HealthyThreshold, 1, 1000),
            AlwaysLogFailures = map.Optional("log_failures", "Log each failure, not only those that take an endpoint out.").AsBool(false),
        };
        return value.IsMap ? check : null;
    }

    private static HealthCheckConfig ReadTimes(ConfigMap map, HealthCheckConfig check)
    {
        var shortest = TimeSpan.FromMilliseconds(10);
        return check with
        {
            Interval = map.Optional("interval", "Time between two checks of an endpoint; up to a tenth is added by chance.").AsDuration(check.Interval, shortest),
            UnhealthyInterval = map.Optional("unhealthy_interval", "The same for an endpoint that fails; `interval` when absent.").AsDurationOrNull(),
            NoTrafficInterval = map.Optional("idle_interval", "The same while no request has used the service.").AsDuration(check.NoTrafficInterval, shortest),
            InitialJitter = map.Optional("initial_jitter", "The first check of an endpoint comes up to so much later.").AsDuration(check.InitialJitter),
            Timeout = map.Optional("timeout", "Time for one check.").AsDuration(check.Timeout, shortest),
        };
    }

    private static HealthCheckConfig ReadRequest(ConfigValue value, HealthCheckConfig check)
    {
        if (value.IsText)
        {
            return check with { Path = ReadPath(value) };
        }

        using var map = value.AsMap("health request");
        var headers = new List<HealthCheckHeader>();
        map.Optional("headers", "Fields that are sent.").AsNamed("NAME", (name, item) =>
        {
            var text = item.AsTextOrNull("field value", HttpText.IsFieldValue, "use visible characters and spaces");
            if (text is not null && HeaderName.Check(name, item))
            {
                headers.Add(new(name, text));
            }
        });
        return check with
        {
            Path = ReadPath(map.Required("path", "The path, with a query or without.")),
            Method = map.Optional("method", "The method.").AsText("method", HttpText.IsToken, "use a method such as GET or HEAD", check.Method),
            ExpectedStatuses = ReadStatuses(map.Optional("expect", "Statuses of an endpoint that serves, such as `200` or `200-299`. Any other one takes it out at once."), check.ExpectedStatuses),
            RetriableStatuses = ReadStatuses(map.Optional("retriable", "Statuses that count as one failure."), []),
            Headers = new([.. headers]),
        };
    }

    private static HealthCheckConfig ReadBytes(ConfigValue value, HealthCheckConfig check)
    {
        using var map = value.AsMap("health bytes");
        return check with
        {
            Send = ReadPayload(map.Optional("send", "What is said: a text, or bytes as `hex:0d0a`. Nothing when absent.")) ?? "",
            Receive = map.Optional("expect", "What must come back, a text or bytes, or a list of them: each behind the one before, whatever stands between.").AsTexts(ReadPayload, []),
        };
    }

    private static string ReadPath(ConfigValue value) =>
        value.AsText("path", text => HttpText.IsPath(text.Split('?')[0]) && text.All(c => c is > ' ' and < '\x7f' and not '#'), "use a path such as /healthz", "/");

    private static ValueList<StatusRange> ReadStatuses(ConfigValue value, ValueList<StatusRange> usual)
    {
        var ranges = new List<StatusRange>();
        _ = value.AsTexts(item =>
        {
            var parts = item.Text.Split('-');
            if (parts.Length is 1 or 2 && int.TryParse(parts[0], out var first) && int.TryParse(parts[^1], out var last) && first is >= 100 and <= 599 && last >= first && last <= 599)
            {
                ranges.Add(new(first, last));
                return item.Text;
            }

            item.FailText("is not a status", "use 200, or a range such as 200-299");
            return null;
        });
        return value.Exists ? new([.. ranges]) : usual;
    }

    private static string? ReadPayload(ConfigValue value)
    {
        var text = value.AsTextOrNull();
        if (text is null || !text.StartsWith("hex:", StringComparison.Ordinal))
        {
            return text is null ? null : Convert.ToHexString(Encoding.UTF8.GetBytes(text));
        }

        var hex = text[4..];
        if (hex.Length > 0 && hex.Length % 2 == 0 && hex.All(char.IsAsciiHexDigit))
        {
            return hex.ToUpperInvariant();
        }

        value.FailText("is not bytes in hex", "use pairs of digits, such as hex:0d0a");
        return null;
    }
}
