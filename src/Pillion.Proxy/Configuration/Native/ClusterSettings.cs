using Pillion.Core.Configuration.Reading;

namespace Pillion.Proxy.Configuration.Native;

/// <summary>How the endpoints of a service, or the application, are reached.</summary>
internal static class ClusterSettings
{
    public static ClusterConfig ReadConnections(ConfigMap map, ClusterConfig cluster)
    {
        cluster = cluster with { ConnectTimeout = map.Optional("connect_timeout", "Time to connect.").AsDuration(cluster.ConnectTimeout, TimeSpan.FromMilliseconds(1)) };
        cluster = CircuitLimits.Read(map.Optional("limits", "What is taken at the same time; what is more is refused at once, with the limit's name and line."), cluster);
        using var connections = map.Optional("connections", "How connections are kept for further requests.").AsMap();
        return cluster with
        {
            IdleTimeout = connections.Optional("idle_timeout", "An unused connection is closed after this time, or sooner where the other side is known to close sooner.").AsDuration(cluster.IdleTimeout),
            MaxRequestsPerConnection = connections.Optional("max_requests", "A connection is closed after this many requests; 0 is no limit.").AsInt(cluster.MaxRequestsPerConnection),
        };
    }

    /// <summary>How requests are spread over the endpoints.</summary>
    /// <param name="zone">Our own; null where the file does not say.</param>
    public static ClusterConfig ReadBalancing(ConfigMap map, ClusterConfig cluster, string? zone)
    {
        cluster = BalancerSettings.Read(map.Optional("balancer", "How an endpoint is chosen: `least_request` (the default), `round_robin`, `random`, `peak_ewma`, `ring_hash`, `maglev`, or a [balancer](#balancer) with settings."), cluster);
        cluster = Zones.Read(map.Optional("zones", "What the endpoints' zones are for: `prefer` uses those of our own zone first, and [zones](#zones) says more. They do not matter when absent."), cluster, zone);
        return SubsetSettings.Read(map.Optional("subsets", "What becomes of requests whose route asks for labels that no endpoint has; see [subsets](#subsets)."), cluster);
    }

    public static ClusterConfig ReadDiscovery(ConfigMap map, ClusterConfig cluster)
    {
        using var dns = map.Optional("dns", "How host names among the endpoints are resolved.").AsMap();
        var first = dns.Optional("first_only", "Use only the first address of the newest answer, for names with very many addresses.").AsBool(false);
        return Discover(cluster, first) with
        {
            DnsRefresh = dns.Optional("refresh", "Time between two look-ups, where the answer's own time to live does not say.").AsDuration(cluster.DnsRefresh, TimeSpan.FromMilliseconds(100)),
            RespectDnsTtl = dns.Optional("respect_ttl", "Look up again when the answer's time to live has passed.").AsBool(cluster.RespectDnsTtl),
            DnsFamily = dns.Optional("family", "Which addresses are asked for; auto is IPv6 where there is an answer, else IPv4.").AsOneOf(NativeNames.DnsFamilies, cluster.DnsFamily),
        };
    }

    /// <summary>Names are resolved, addresses are not.</summary>
    public static ClusterConfig Discover(ClusterConfig cluster, bool firstOnly = false) => cluster with
    {
        Discovery = cluster.Endpoints.All(endpoint => endpoint.Address.ToEndPoint() is not null) ? ClusterDiscovery.Static
            : firstOnly ? ClusterDiscovery.LogicalDns
            : ClusterDiscovery.StrictDns,
    };
}
