using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;
using Pillion.Proxy.Configuration.Balancing;
using Pillion.Proxy.Configuration.Envoy.Transport;

namespace Pillion.Proxy.Configuration.Envoy;

/// <summary>A cluster: where its endpoints are and how they are reached.</summary>
internal static class EnvoyCluster
{
    public static ClusterConfig? Read(ConfigValue value, EnvoyScope scope)
    {
        using var map = value.AsMap("Cluster");
        var defaults = new ClusterConfig { Name = "" };
        var kind = map.Optional("type").AsOneOf(EnvoyNames.Discoveries, ClusterDiscovery.Static);
        var endpoints = ReadEndpoints(map, value, kind, out var overprovisioning);
        var transport = EnvoyUpstreamTransport.Read(map.Optional("transport_socket"));
        map.Refuse("tls_context", "is of the v2 API", "use transport_socket: { name: envoy.transport_sockets.tls, typed_config: { \"@type\": …UpstreamTlsContext, … } }");
        var cluster = new ClusterConfig
        {
            Name = scope.Cluster(map.Required("name")),
            Discovery = kind,
            Endpoints = endpoints,
            Balancing = BalancingConfig.Usual with { OverprovisioningPercent = overprovisioning },
            ConnectTimeout = map.Optional("connect_timeout").AsDuration(defaults.ConnectTimeout, TimeSpan.FromMilliseconds(1)),
            Tls = transport.Tls,
            ProxyHeader = transport.ProxyHeader,
            DnsRefresh = map.Optional("dns_refresh_rate").AsDuration(defaults.DnsRefresh, TimeSpan.FromMilliseconds(2)),
            RespectDnsTtl = map.Optional("respect_dns_ttl").AsBool(false),
            DnsFamily = map.Optional("dns_lookup_family").AsOneOf(EnvoyNames.DnsFamilies, DnsFamily.Auto),
            Source = value.Source,
        };
        cluster = cluster with { MaxRequestsPerConnection = map.Optional("max_requests_per_connection").AsInt(cluster.MaxRequestsPerConnection) };
        cluster = EnvoyBalancing.Read(map, cluster, scope);
        cluster = EnvoyClusterProtocol.Read(map, cluster);
        cluster = cluster with { HealthChecks = EnvoyHealthCheck.Read(map.Optional("health_checks"), cluster) };
        cluster = cluster with { Outliers = EnvoyOutlierDetection.Read(map.Optional("outlier_detection")) };
        return EnvoyCircuitBreakers.Read(map.Optional("circuit_breakers"), cluster);
    }

    private static ValueList<EndpointConfig> ReadEndpoints(ConfigMap map, ConfigValue value, ClusterDiscovery kind, out int overprovisioning)
    {
        var assignment = map.Optional("load_assignment");
        var hosts = map.Optional("hosts");
        var old = hosts.AsList(ReadHost);
        var endpoints = EnvoyEndpoints.Read(assignment, out overprovisioning);
        if (kind == ClusterDiscovery.OriginalDestination)
        {
            if (assignment.Exists || hosts.Exists)
            {
                (assignment.Exists ? assignment : hosts).Fail("gives endpoints to a cluster of type ORIGINAL_DST", "remove it; connections go where they wanted to go");
            }

            return [];
        }

        if (value.IsMap && assignment.Exists == hosts.Exists)
        {
            map.Fail(assignment.Exists ? "has both load_assignment and hosts" : "has no endpoints", "give load_assignment");
        }

        endpoints = assignment.Exists ? endpoints : old;
        CheckNames(kind, endpoints, value, map);
        return endpoints;
    }

    private static EndpointConfig? ReadHost(ConfigValue value) =>
        EnvoyAddress.Read(value, listening: false) is { } address ? new() { Address = address, Source = value.Source } : null;

    private static void CheckNames(ClusterDiscovery kind, ValueList<EndpointConfig> endpoints, ConfigValue value, ConfigMap map)
    {
        if (kind == ClusterDiscovery.Static && endpoints.FirstOrDefault(endpoint => endpoint.Address.ToEndPoint() is null) is { } named && value.IsMap)
        {
            map.Fail($"has a host name, {ConfigError.Quote(named.Address.ToString())}, that type STATIC does not resolve", "use type: STRICT_DNS, or an IP address");
        }

        if (kind == ClusterDiscovery.LogicalDns && endpoints.Count > 1)
        {
            map.Fail($"has {endpoints.Count} endpoints", "type LOGICAL_DNS has exactly one; use STRICT_DNS");
        }
    }
}
