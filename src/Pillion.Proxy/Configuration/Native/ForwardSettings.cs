using Pillion.Core.Configuration.Reading;

namespace Pillion.Proxy.Configuration.Native;

/// <summary>Settings that a service, the inbound side and a single route all have; a route inherits those of its service.</summary>
internal static class ForwardSettings
{
    public static ForwardConfig Read(ConfigMap map, ForwardConfig inherited, Action<double, int>? budget = null) => inherited with
    {
        Timeout = map.Optional("timeout", "From the request's last byte to the answer's last byte, all tries included; 0s is no limit.").AsDuration(inherited.Timeout),
        IdleTimeout = map.Optional("idle_timeout", "No byte either way for this long ends the exchange; 0s is never. The listener's `stream_idle_timeout` when absent.").AsDurationOrNull() ?? inherited.IdleTimeout,
        Retry = Retries.Read(map.Optional("retries", "When a request is tried again; `off` is never."), inherited.Retry, budget),
        Upgrades = HttpSettings.ReadUpgrades(map.Optional("upgrades", "Upgrades passed on here; the listener's when absent."), inherited.Upgrades),
    };
}
