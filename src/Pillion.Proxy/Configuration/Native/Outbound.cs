using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;
using Pillion.Net;
using Pillion.Proxy.Configuration.Reading;

namespace Pillion.Proxy.Configuration.Native;

/// <summary>
/// <c>outbound:</c>, the listener that the application calls other services through: by Host, by <c>/proxy/SERVICE/…</c>, and as an ordinary HTTP proxy.
/// </summary>
internal static class Outbound
{
    // Only the application beside us may use it.
    private static readonly Address Usual = new("127.0.0.1", 15001);

    public static void Read(ConfigMap root, ValueList<AccessLogConfig> logs, RouteTargets targets, List<ListenerConfig> listeners, List<ClusterConfig> clusters)
    {
        var value = root.Optional("outbound", "The listener through which the application calls other services; `off` has none.");
        if (NativeNames.IsOff(value))
        {
            return;
        }

        using var map = value.AsMap();
        var address = ListenerAddress.Read(map, Usual);
        var maxConnections = map.Optional("max_connections", "Open connections above which new ones are refused; 0 is no limit.").AsInt(0);
        var unknown = map.Optional("unknown_hosts", "Requests to hosts that no service covers: send them where their name resolves to, or answer 403.");
        var allowUnknown = unknown.AsOneOf(NativeNames.UnknownHostsChoice, true);
        var forwardProxy = map.Optional("forward_proxy", "Serve CONNECT, as an HTTP proxy does for TLS; absolute URLs are understood in any case.").AsBool(true);
        var servicePath = ReadServicePath(map.Optional("service_path", "The path below which the first segment names the service, as in `/proxy/payments/charge`; `off` is none."));
        var hosts = new List<VirtualHostConfig>();
        map.Optional("services", "The services by their names; see [service](#service). A service has its name as Host and in `/proxy/NAME/`.").AsNamed("NAME", (name, service) =>
        {
            var (host, cluster) = Services.Read(name, service, targets, forwardProxy);
            targets.Add(name);
            CheckDomains(host, hosts, service);
            hosts.Add(host);
            clusters.Add(cluster);
        });
        hosts.Add(Unknown(unknown.Source, allowUnknown, forwardProxy));
        if (allowUnknown)
        {
            clusters.Add(new() { Name = NativeNames.UnknownHosts, Discovery = ClusterDiscovery.DynamicForward, Source = unknown.Source });
        }

        var http = HttpSettings.Read(map.Optional("http", "How HTTP is spoken on this listener."), new() { StatPrefix = "outbound", UseRemoteAddress = false });
        var accessLogs = AccessLogs.Read(map.Optional("access_log", "As the `access_log` of the file, for this listener."), logs);
        http = http with
        {
            ForwardProxy = forwardProxy,
            ServicePathPrefix = servicePath,
            AccessLogs = accessLogs,
            Routes = new() { Name = "outbound", VirtualHosts = new([.. hosts]) },
        };
        listeners.Add(new()
        {
            Name = "outbound",
            Address = address,
            Direction = TrafficDirection.Outbound,
            MaxConnections = maxConnections,
            Chains = [new() { Name = "http", Http = http, Source = value.Source }],
            Source = value.Source,
        });
    }

    private static VirtualHostConfig Unknown(SourceLine source, bool allow, bool tunnels)
    {
        RouteActionConfig action = allow
            ? new ForwardConfig { Cluster = NativeNames.UnknownHosts, Timeout = TimeSpan.Zero, Retry = Retries.Safe }
            : new DirectResponseConfig { Status = 403, Body = "This host is not one of the services of this sidecar, and unknown hosts are refused.\n" };
        var tunnel = action is ForwardConfig forward ? forward with { TerminateConnect = true } : action;
        var connect = new RouteConfig { Name = "CONNECT " + NativeNames.UnknownHosts, Match = new() { Path = new(PathMatchKind.Connect, "") }, Action = tunnel, Source = source };
        var rest = new RouteConfig { Name = NativeNames.UnknownHosts, Match = new(), Action = action, Source = source };
        return new()
        {
            Name = NativeNames.UnknownHosts,
            Domains = ["*"],
            Routes = tunnels ? [connect, rest] : [rest],
            Source = source,
        };
    }

    private static void CheckDomains(VirtualHostConfig host, List<VirtualHostConfig> earlier, ConfigValue service)
    {
        foreach (var domain in host.Domains)
        {
            if (domain == "*")
            {
                service.Fail("takes every host", "use unknown_hosts for hosts that no service covers");
            }

            if (earlier.Find(other => other.Domains.Contains(domain, StringComparer.OrdinalIgnoreCase)) is { } other)
            {
                service.Fail($"the host {ConfigError.Quote(domain)} is also that of the service {ConfigError.Quote(other.Name)}", "give a host to one service only");
                return;
            }
        }
    }

    private static string? ReadServicePath(ConfigValue value)
    {
        var path = value.AsText("path", text => text == "off" || (HttpText.IsPath(text) && text.Length > 1), "use a path such as /proxy/, or off", "/proxy/");
        return path == "off" ? null : path.EndsWith('/') ? path : path + "/";
    }
}
