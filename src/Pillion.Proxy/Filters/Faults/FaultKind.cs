using Pillion.Core.Configuration.Reading;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Configuration.Envoy;
using Pillion.Proxy.Configuration.Native;

namespace Pillion.Proxy.Filters.Faults;

/// <summary><c>fault:</c> and Envoy's <c>envoy.filters.http.fault</c>.</summary>
internal sealed class FaultKind : FilterKind
{
    public override string Name => "fault";

    public override string Meaning => "Delays and failures on purpose, to see how callers bear them; `off` where a route shall have none.";

    public override EnvoyExtension Envoy { get; } = new("HTTPFault", "envoy.filters.http.fault", "envoy.fault");

    public override FilterConfig? Read(ConfigValue value, NativeScope scope)
    {
        using var map = value.AsMap("fault");
        var config = new FaultConfig { Source = value.Source };
        var delay = map.Optional("delay", "How long requests are held back, such as `2s`, or a [delay](#fault-delay) for some of them.");
        config = ReadDelay(delay, config);
        var abort = map.Optional("abort", "The status that requests are answered with, or an [answer](#fault-abort) for some of them.");
        config = ReadAbort(abort, config) with
        {
            Headers = RouteMatches.ReadHeaders(map.Optional("headers", "Only requests whose headers are so, as in a route.")),
            MaxActive = map.Optional("max_active", "Requests held back at the same time; above it they pass unharmed. 0 is no limit.").AsInt(0),
        };
        var byHeader = map.Optional("by_header", "Testers may ask for a fault themselves: `x-envoy-fault-delay-request` is milliseconds, `x-envoy-fault-abort-request` a status, each with `-percentage` behind it for a smaller share than `percent`.").AsBool(false);
        config = config with { HeaderDelay = byHeader, HeaderAbort = byHeader };
        if (value.IsMap && !byHeader && !delay.Exists && !abort.Exists)
        {
            map.Fail("injects nothing", "give delay, abort or by_header: true");
        }

        return value.IsMap ? config : null;
    }

    public override FilterConfig ReadEnvoy(ConfigMap settings, EnvoyScope scope)
    {
        var config = new FaultConfig { Source = settings.Source };
        config = ReadEnvoyDelay(settings.Optional("delay"), config);
        config = ReadEnvoyAbort(settings.Optional("abort"), config);
        var methods = new List<string>();
        var headers = settings.Optional("headers").AsList(item => EnvoyValueMatch.ReadHeader(item, methods));
        var active = settings.Optional("max_active_faults");
        if (active.AsInt(0) is var most && active.Exists && most == 0)
        {
            active.FailText("would inject no fault at all", "use 1 or more, or remove the filter");
        }

        return config with
        {
            Headers = methods.Count == 0 ? headers : new([.. headers, .. methods.Select(method => new ValueMatchConfig { Name = ":method", Kind = ValueMatchKind.Exact, Value = method })]),
            MaxActive = most,
        };
    }

    public override Filter Compile(FilterConfig config, FilterContext context) => new FaultFilter((FaultConfig)config, context);

    private static FaultConfig ReadDelay(ConfigValue value, FaultConfig config)
    {
        if (value.IsText)
        {
            return config with { Delay = value.AsDuration(TimeSpan.Zero, TimeSpan.FromMilliseconds(1)) };
        }

        using var map = value.AsMap("fault delay");
        return config with
        {
            Delay = map.Required("for", "How long.").AsDuration(TimeSpan.Zero, TimeSpan.FromMilliseconds(1)),
            DelayPercent = map.Optional("percent", "How many of the requests.").AsPercent(100),
        };
    }

    private static FaultConfig ReadAbort(ConfigValue value, FaultConfig config)
    {
        if (value.IsText)
        {
            return config with { AbortStatus = value.AsInt(503, 200, 599) };
        }

        using var map = value.AsMap("fault abort");
        return config with
        {
            AbortStatus = map.Optional("status", "The status.").AsInt(503, 200, 599) is var status && value.IsMap ? status : 0,
            AbortGrpcStatus = map.Optional("grpc_status", "The status of gRPC calls; what `status` stands for when absent.").AsIntOrNull(1, 16),
            AbortPercent = map.Optional("percent", "How many of the requests.").AsPercent(100),
        };
    }

    private static FaultConfig ReadEnvoyDelay(ConfigValue value, FaultConfig config)
    {
        using var map = value.AsMap("FaultDelay");
        var fixedDelay = map.Optional("fixed_delay");
        var header = map.Optional("header_delay");
        header.AsMap().Dispose();
        CheckOne(value, map, fixedDelay, header, "fixed_delay or header_delay");
        return config with
        {
            Delay = fixedDelay.AsDuration(TimeSpan.Zero, TimeSpan.FromMilliseconds(1)),
            HeaderDelay = header.Exists,
            DelayPercent = EnvoyPercent.Read(map.Optional("percentage"), value.IsMap ? 0 : 100),
        };
    }

    private static FaultConfig ReadEnvoyAbort(ConfigValue value, FaultConfig config)
    {
        using var map = value.AsMap("FaultAbort");
        var status = map.Optional("http_status");
        var grpcStatus = map.Optional("grpc_status");
        var header = map.Optional("header_abort");
        header.AsMap().Dispose();
        CheckOne(value, map, status.Exists ? status : grpcStatus, header, "http_status, grpc_status or header_abort");
        var grpc = grpcStatus.AsIntOrNull(0, 16);
        return config with
        {
            AbortStatus = status.AsInt(grpcStatus.Exists ? 200 : 0, 200, 599),
            AbortGrpcStatus = grpc,
            HeaderAbort = header.Exists,
            AbortPercent = EnvoyPercent.Read(map.Optional("percentage"), value.IsMap ? 0 : 100),
        };
    }

    private static void CheckOne(ConfigValue value, ConfigMap map, ConfigValue one, ConfigValue other, string names)
    {
        if (value.IsMap && one.Exists == other.Exists)
        {
            map.Fail(one.Exists ? "says two things to do" : "does not say what to do", $"give {names}");
        }
    }
}
