using Pillion.Core.Configuration.Reading;
using Pillion.Proxy.Configuration.Reading;

namespace Pillion.Proxy.Configuration.Envoy;

/// <summary>One of a cluster's health_checks.</summary>
internal static class EnvoyHealthCheck
{
    private const string OnlyGrpc = "only grpc_health_check is supported yet";

    public static HealthCheckConfig? Read(ConfigValue value)
    {
        using var map = value.AsMap("HealthCheck");
        var defaults = new HealthCheckConfig();
        var grpc = map.Optional("grpc_health_check");
        var others = new[] { "http_health_check", "tcp_health_check", "custom_health_check" };
        foreach (var other in others)
        {
            map.Refuse(other, OnlyGrpc, "use grpc_health_check, or remove this one");
        }

        if (value.IsMap && !grpc.Exists && !others.Any(map.Has))
        {
            map.Fail("does not say what to ask", "give grpc_health_check");
        }

        var shortest = TimeSpan.FromMilliseconds(1);
        using var request = grpc.AsMap();
        return new()
        {
            GrpcService = request.Optional("service_name").AsText(),
            Authority = request.Optional("authority").AsTextOrNull("host", HttpText.IsHost, "use a host name"),
            Interval = map.Required("interval").AsDuration(defaults.Interval, shortest),
            Timeout = map.Required("timeout").AsDuration(defaults.Timeout, shortest),
            UnhealthyThreshold = map.Required("unhealthy_threshold").AsInt(defaults.UnhealthyThreshold, 1, 1000),
            HealthyThreshold = map.Required("healthy_threshold").AsInt(defaults.HealthyThreshold, 1, 1000),
            Source = value.Source,
        };
    }
}
