using System.Net;
using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;
using Pillion.Proxy.Configuration.Reading;

namespace Pillion.Proxy.Configuration.Native;

/// <summary>How connections to services that are bytes are told apart: by the name in a client hello, by where they wanted to go, or by a listener of their own.</summary>
internal static class ServiceChains
{
    /// <summary>The chains on the outbound listener.</summary>
    /// <param name="ownPort">The listener's port where connections are also redirected to it; connections of either kind have the names.</param>
    public static List<FilterChainConfig> Of(IReadOnlyList<Service> services, bool redirected, int ownPort)
    {
        var addresses = services.Where(_ => redirected).SelectMany(Fixed).ToList();

        // A chain with the connection's port is looked at before those without: the names must stand in each.
        List<int?> ports = redirected ? [null, ownPort, .. addresses.Select(at => (int?)at.Port)] : [null];
        var chains = new List<FilterChainConfig>();
        foreach (var service in services.Where(service => service.ServerNames.Count > 0))
        {
            foreach (var port in ports.Distinct())
            {
                chains.Add(Chain(service, port, "tls", new() { DestinationPort = port, ServerNames = service.ServerNames }));
            }
        }

        foreach (var group in addresses.GroupBy(at => (at.Service, at.Port)))
        {
            chains.Add(Chain(group.Key.Service, group.Key.Port, "to", new() { DestinationPort = group.Key.Port, DestinationRanges = new([.. group.Select(at => at.Address).Distinct()]) }));
        }

        return chains;
    }

    /// <summary>Two services that one connection could be for.</summary>
    public static void CheckOverlaps(IEnumerable<FilterChainConfig> chains, ConfigMap map)
    {
        var overlaps = new ChainOverlaps();
        foreach (var chain in chains)
        {
            if (overlaps.Add(chain.Name, chain.Match) is { } earlier)
            {
                map.Fail($"the services {ConfigError.Quote(Name(chain.Name))} and {ConfigError.Quote(Name(earlier))} have a name or an address in common", "give it to one of them");
                return;
            }
        }
    }

    /// <summary>A listener of a service's own.</summary>
    public static ListenerConfig Listener(Service service, HttpConfig http, ValueList<AccessLogConfig> logs) => new()
    {
        Name = $"outbound.{service.Name}",
        Address = service.Listen!,
        Direction = TrafficDirection.Outbound,
        Chains =
        [
            new()
            {
                Name = service.Tcp is null ? "http" : "tcp",
                Http = service.Host is null ? null : http with
                {
                    StatPrefix = service.Name,
                    Routes = new() { Name = service.Name, VirtualHosts = [service.Host with { Domains = ["*"] }] },
                },
                Tcp = service.Tcp is null ? null : service.Tcp with { AccessLogs = logs },
                Source = service.Source,
            },
        ],
        Source = service.Source,
    };

    private static IEnumerable<(Service Service, int Port, IPNetwork Address)> Fixed(Service service) =>
        from endpoint in service.Tcp is null ? [] : service.Cluster.Endpoints
        where endpoint.Address.ToEndPoint() is IPEndPoint
        let ip = (IPEndPoint)endpoint.Address.ToEndPoint()!
        select (service, ip.Port, NetworkText.Mask(ip.Address, NetworkText.BitsOf(ip.Address)));

    private static FilterChainConfig Chain(Service service, int? port, string kind, FilterChainMatchConfig match) => new()
    {
        Name = port is null ? $"{service.Name} {kind}" : $"{service.Name} {kind}:{port}",
        Match = match,
        Tcp = service.Tcp,
        Source = service.Source,
    };

    private static string Name(string chain) => chain.Split(' ')[0];
}
