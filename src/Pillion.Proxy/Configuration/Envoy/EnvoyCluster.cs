using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;
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
        var endpoints = ReadEndpoints(map, value, kind);
        var transport = EnvoyUpstreamTransport.Read(map.Optional("transport_socket"));
        map.Refuse("tls_context", "is of the v2 API", "use transport_socket: { name: envoy.transport_sockets.tls, typed_config: { \"@type\": …UpstreamTlsContext, … } }");
        var cluster = new ClusterConfig
        {
            Name = scope.Cluster(map.Required("name")),
            Discovery = kind,
            Endpoints = endpoints,
            Balancer = ReadBalancer(map.Optional("lb_policy"), map, kind),
            ConnectTimeout = map.Optional("connect_timeout").AsDuration(defaults.ConnectTimeout, TimeSpan.FromMilliseconds(1)),
            Tls = transport.Tls,
            ProxyHeader = transport.ProxyHeader,
            DnsRefresh = map.Optional("dns_refresh_rate").AsDuration(defaults.DnsRefresh, TimeSpan.FromMilliseconds(2)),
            RespectDnsTtl = map.Optional("respect_dns_ttl").AsBool(false),
            DnsFamily = map.Optional("dns_lookup_family").AsOneOf(EnvoyNames.DnsFamilies, DnsFamily.Auto),
            Source = value.Source,
        };
        cluster = cluster with { MaxRequestsPerConnection = map.Optional("max_requests_per_connection").AsInt(cluster.MaxRequestsPerConnection) };
        CheckChoices(map.Optional("least_request_lb_config"));
        cluster = EnvoyClusterProtocol.Read(map, cluster);
        cluster = cluster with { HealthChecks = EnvoyHealthCheck.Read(map.Optional("health_checks"), cluster) };
        cluster = cluster with { Outliers = EnvoyOutlierDetection.Read(map.Optional("outlier_detection")) };
        return EnvoyCircuitBreakers.Read(map.Optional("circuit_breakers"), cluster);
    }

    private static ValueList<EndpointConfig> ReadEndpoints(ConfigMap map, ConfigValue value, ClusterDiscovery kind)
    {
        var assignment = map.Optional("load_assignment");
        var hosts = map.Optional("hosts");
        var old = hosts.AsList(ReadHost);
        var endpoints = EnvoyEndpoints.Read(assignment);
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

    private static string ReadBalancer(ConfigValue value, ConfigMap map, ClusterDiscovery kind)
    {
        var balancer = value.AsOneOf(EnvoyNames.Balancers, "round_robin");
        var isProvided = value.Text == EnvoyNames.ProvidedBalancer;
        if (isProvided && kind != ClusterDiscovery.OriginalDestination)
        {
            value.FailText("is for clusters of type ORIGINAL_DST", "use ROUND_ROBIN or LEAST_REQUEST");
        }
        else if (!isProvided && kind == ClusterDiscovery.OriginalDestination)
        {
            map.Fail("is of type ORIGINAL_DST, which has nothing to balance", $"add lb_policy: {EnvoyNames.ProvidedBalancer}");
        }

        return balancer;
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

    private static void CheckChoices(ConfigValue value)
    {
        using var map = value.AsMap();
        var count = map.Optional("choice_count");
        if (count.AsInt(2) != 2)
        {
            count.FailText("is not supported", "use 2, the default");
        }
    }
}
