using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;
using Pillion.Proxy.Configuration.Reading;

namespace Pillion.Proxy.Configuration.Native;

/// <summary><c>health: grpc | { grpc: SERVICE, … }</c> of a service.</summary>
internal static class HealthChecks
{
    public static ValueList<HealthCheckConfig> Read(ConfigValue value, HttpProtocol? protocol)
    {
        var check = ReadOne(value);
        if (check is not null && protocol is not (HttpProtocol.Http2 or HttpProtocol.Auto or HttpProtocol.AsDownstream))
        {
            value.Fail("asks by gRPC, which is HTTP/2", "add protocol: http2");
        }

        return check is null ? [] : [check];
    }

    private static HealthCheckConfig? ReadOne(ConfigValue value)
    {
        if (value.IsText)
        {
            return value.AsNameOf(NativeNames.HealthChecks, "").Length > 0 ? new() { Source = value.Source } : null;
        }

        using var map = value.AsMap();
        var defaults = new HealthCheckConfig();
        var shortest = TimeSpan.FromMilliseconds(10);
        var check = new HealthCheckConfig
        {
            GrpcService = map.Required("grpc", "Ask each endpoint by `grpc.health.v1` about this service; an empty text is the server as a whole, for which `health: grpc` is short.").AsText(),
            Authority = map.Optional("authority", "The authority that is asked; the service's name when absent.").AsTextOrNull("host", HttpText.IsHost, "use a host name, with a port or without"),
            Interval = map.Optional("interval", "Time between two checks of an endpoint.").AsDuration(defaults.Interval, shortest),
            Timeout = map.Optional("timeout", "Time for one check.").AsDuration(defaults.Timeout, shortest),
            UnhealthyThreshold = map.Optional("failures", "Failures in a row until an endpoint is taken out.").AsInt(defaults.UnhealthyThreshold, 1, 1000),
            HealthyThreshold = map.Optional("successes", "Successes in a row until it is taken back; the first check of all needs only one.").AsInt(defaults.HealthyThreshold, 1, 1000),
            Source = value.Source,
        };
        return value.IsMap ? check : null;
    }
}
