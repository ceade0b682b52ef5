using Pillion.Core.Configuration.Reading;

namespace Pillion.Proxy.Configuration.Native;

/// <summary>Settings that a service, the inbound side and a single route all have; a route inherits those of its service.</summary>
internal static class ForwardSettings
{
    /// <param name="budget">As in <see cref="Retries.Read"/>; null on a route.</param>
    public static ForwardConfig Read(ConfigMap map, ForwardConfig inherited, RouteTargets targets, Action<double, int>? budget = null) => inherited with
    {
        Timeout = ReadTimeout(map.Optional("timeout", "From the request's last byte to the answer's last byte, all tries included; 0s is no limit. On a route, that of its service when absent."), inherited.Timeout, isRoute: budget is null),
        IdleTimeout = map.Optional("idle_timeout", "No byte either way for this long ends the exchange; 0s is never. The listener's `stream_idle_timeout` when absent.").AsDurationOrNull() ?? inherited.IdleTimeout,
        GrpcTimeoutMax = ReadGrpcTimeout(map.Optional("grpc_timeout", "A gRPC client's own deadline, `grpc-timeout`, bounds the request too, at most to this; 0s is as the client says, `off` does not look. On a route, that of its service when absent."), inherited.GrpcTimeoutMax, isRoute: budget is null),
        Retry = Retries.Read(map.Optional("retries", "When a request is tried again; `off` is never. When absent: inbound never, a service on connect-failure and refused, a route as its service."), inherited.Retry, budget),
        Mirrors = Mirrors.Read(map.Optional("mirror", "A service that gets copies of the requests, or a [mirror](#mirror) for some of them, or a list; `off` has none. On a route, that of its service when absent."), inherited.Mirrors, targets),
        Priority = map.Optional("priority", "Which `limits` of the service its requests count in, `default` or `high`: those of high have connections and limits of their own. On a route, that of its service when absent.").AsOneOf(NativeNames.Priorities, inherited.Priority),
        HashPolicies = HashOn.Read(map.Optional("hash_on", "What decides the endpoint where the balancer is ring_hash or maglev: `source`, `path`, a [hash](#hash) of a header, cookie or parameter, or a list of them, hashed together. On a route, that of its service when absent."), inherited.HashPolicies),
        Upgrades = HttpSettings.ReadUpgrades(map.Optional("upgrades", "Upgrades passed on here; the listener's when absent."), inherited.Upgrades),
    };

    private static TimeSpan ReadTimeout(ConfigValue value, TimeSpan inherited, bool isRoute) =>
        isRoute ? value.AsDurationOrNull() ?? inherited : value.AsDuration(inherited);

    private static TimeSpan? ReadGrpcTimeout(ConfigValue value, TimeSpan? inherited, bool isRoute) =>
        NativeNames.IsOff(value) ? null :
        isRoute ? value.AsDurationOrNull() ?? inherited :
        value.Exists || value.IsDescribing ? value.AsDuration(TimeSpan.Zero) : inherited;
}
