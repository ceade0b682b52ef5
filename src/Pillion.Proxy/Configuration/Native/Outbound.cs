using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;
using Pillion.Net;
using Pillion.Proxy.Configuration.Reading;
using Pillion.Proxy.Configuration.Tcp;
using Pillion.Proxy.Filters;
using Pillion.Proxy.Filters.Egress;

namespace Pillion.Proxy.Configuration.Native;

/// <summary>
/// <c>outbound:</c>, the listener that the application calls other services through: by Host, by <c>/proxy/SERVICE/…</c>, as an ordinary HTTP proxy, and
/// by the connections that are redirected to it.
/// </summary>
internal static class Outbound
{
    // Only the application beside us may use it.
    private static readonly Address Usual = new("127.0.0.1", 15001);

    private static readonly AllowedHostsKind AllowHosts = new();

    public static void Read(ConfigMap root, NativeScope scope)
    {
        var value = root.Optional("outbound", "The listener through which the application calls other services; `off` has none.");
        if (NativeNames.IsOff(value))
        {
            Detections.CheckOff(value, scope.OutboundCapture);
            return;
        }

        using var map = value.AsMap();
        var address = ListenerAddress.Read(map, Usual with { Port = scope.OutboundCapture ?? Usual.Port });
        var maxConnections = map.Optional("max_connections", "Open connections above which new ones are refused; 0 is no limit.").AsInt(0);
        var unknown = map.Optional("unknown_hosts", "Requests to hosts that no service covers: send them where their name resolves to, or answer 403. Redirected connections go on unchanged, or are refused likewise.");
        var allow = map.Optional(AllowHosts.Name, AllowHosts.Meaning);
        var allowed = (AllowedHostsConfig?)AllowHosts.Read(allow, scope);
        var allowUnknown = unknown.AsOneOf(NativeNames.UnknownHostsChoice, true) || allowed is not null;
        if (unknown.Text == "allow" && allow.Exists)
        {
            unknown.FailText("stands beside allow_hosts, which allows only some", "remove one of the two");
        }

        var forwardProxy = map.Optional("forward_proxy", "Serve CONNECT, as an HTTP proxy does for TLS; absolute URLs are understood in any case.").AsBool(true);
        var servicePath = ReadServicePath(map.Optional("service_path", "The path below which the first segment names the service, as in `/proxy/payments/charge`; `off` is none."));
        scope.Zone = map.Optional("zone", "The zone we run in, for services whose `zones` matter; `${ZONE}` takes it from the environment.").AsTextOrNull();
        var detection = Detections.Read(map);
        var redirected = Detections.ReadOriginal(map, address, scope.OutboundCapture);
        var filters = FilterSettings.Read(map, [], scope);
        var services = ReadServices(map.Optional("services", "The services by their names; see [service](#service). A service has its name as Host and in `/proxy/NAME/`."), filters, scope, forwardProxy, redirected);
        var hosts = services.Select(service => service.Host).OfType<VirtualHostConfig>().ToList();
        if (allowUnknown)
        {
            scope.Clusters.Add(new() { Name = NativeNames.UnknownHosts, Discovery = ClusterDiscovery.DynamicForward, Source = unknown.Source });
        }

        var http = HttpSettings.Read(map.Optional("http", "How HTTP is spoken on this listener."), new() { StatPrefix = "outbound", UseRemoteAddress = false });
        var accessLogs = AccessLogs.Read(map.Optional("access_log", "As the `access_log` of the file, for this listener and those of its services."), scope.Logs, scope.Otlp);
        http = http with { AccessLogs = accessLogs, Tracing = HttpSettings.ReadTracing(map, http, scope), Filters = filters };

        // Before all else: a host that nobody may call is refused whoever asks.
        ValueList<FilterConfig> beforeUnknown = allowed is null ? filters : new([allowed, .. filters]);
        var asked = http with
        {
            ForwardProxy = forwardProxy,
            ServicePathPrefix = servicePath,
            Routes = new() { Name = "outbound", VirtualHosts = new([.. hosts, Unknown(unknown.Source, allowUnknown ? NativeNames.UnknownHosts : null, beforeUnknown, forwardProxy)]) },
        };
        var own = new FilterChainConfig { Name = "http", Match = new() { DestinationPort = redirected ? address.Port : null }, Http = asked, Source = value.Source };
        var bytes = ServiceChains.Of([.. services.Where(service => service.Tcp is not null).Select(service => service with { Tcp = service.Tcp! with { AccessLogs = accessLogs } })], redirected, address.Port);
        ServiceChains.CheckOverlaps(bytes, map);
        var rest = redirected ? Redirected(http, hosts, unknown.Source, allowUnknown, allowed, beforeUnknown, value.Source) : null;
        if (redirected)
        {
            scope.AddOriginalDestination(value.Source);
        }

        ValueList<FilterChainConfig> chains = new([own, .. bytes]);
        scope.Listeners.Add(new()
        {
            Name = "outbound",
            Address = address,
            Direction = TrafficDirection.Outbound,
            MaxConnections = maxConnections,
            Chains = chains,
            DefaultChain = rest,
            Detection = Detections.For(rest is null ? chains : chains.Append(rest), detection) is var looked && allowed is not null && redirected ? looked with { Tls = true } : looked,
            OriginalDestination = redirected,
            Source = value.Source,
        });
        scope.Listeners.AddRange(services.Where(service => service.Listen is not null).Select(service => ServiceChains.Listener(service, http, accessLogs)));
    }

    private static List<Service> ReadServices(ConfigValue value, ValueList<FilterConfig> filters, NativeScope scope, bool tunnels, bool redirected)
    {
        var services = new List<Service>();
        value.AsNamed("NAME", (name, item) =>
        {
            var service = Services.Read(name, item, filters, scope, tunnels, redirected);
            if (service.Host is { } host)
            {
                scope.Targets.Add(name);
                CheckDomains(host, services, item);
            }

            services.Add(service);
            scope.Clusters.Add(service.Cluster);
        });
        return services;
    }

    // What was redirected here did not ask for us: no path of ours, no tunnels, and what no service covers goes where it wanted to go.
    // Where only some hosts are allowed, it goes to the host that it names: an address that was wanted could be anybody's.
    private static FilterChainConfig Redirected(HttpConfig http, List<VirtualHostConfig> hosts, SourceLine unknown, bool allow, AllowedHostsConfig? allowed, ValueList<FilterConfig> beforeUnknown, SourceLine source)
    {
        var cluster = allowed is null ? NativeNames.OriginalDestination : NativeNames.UnknownHosts;
        return new()
        {
            Name = "redirected",
            Http = http with { Routes = new() { Name = "redirected", VirtualHosts = new([.. hosts, Unknown(unknown, allow ? cluster : null, beforeUnknown, tunnels: false)]) } },
            Tcp = !allow ? null : new TcpConfig { StatPrefix = "redirected", Clusters = [new WeightedClusterConfig(cluster, 1)], AllowedHosts = allowed, AccessLogs = http.AccessLogs, Source = source },
            Source = source,
        };
    }

    /// <param name="cluster">Where requests to unknown hosts go; null refuses them.</param>
    private static VirtualHostConfig Unknown(SourceLine source, string? cluster, ValueList<FilterConfig> filters, bool tunnels)
    {
        RouteActionConfig action = cluster is not null
            ? new ForwardConfig { Cluster = cluster, Timeout = TimeSpan.Zero, Retry = Retries.Safe }
            : new DirectResponseConfig { Status = 403, Body = "This host is not one of the services of this sidecar, and unknown hosts are refused.\n" };
        var tunnel = action is ForwardConfig forward ? forward with { TerminateConnect = true } : action;
        var connect = new RouteConfig { Name = "CONNECT " + NativeNames.UnknownHosts, Match = new() { Path = new(PathMatchKind.Connect, "") }, Action = tunnel, Filters = filters, Source = source };
        var rest = new RouteConfig { Name = NativeNames.UnknownHosts, Match = new(), Action = action, Filters = filters, Source = source };
        return new()
        {
            Name = NativeNames.UnknownHosts,
            Domains = ["*"],
            Routes = tunnels ? [connect, rest] : [rest],
            Source = source,
        };
    }

    private static void CheckDomains(VirtualHostConfig host, List<Service> earlier, ConfigValue service)
    {
        foreach (var domain in host.Domains)
        {
            if (domain == "*")
            {
                service.Fail("takes every host", "use unknown_hosts for hosts that no service covers");
            }

            if (earlier.Find(other => other.Host?.Domains.Contains(domain, StringComparer.OrdinalIgnoreCase) == true) is { } other)
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
