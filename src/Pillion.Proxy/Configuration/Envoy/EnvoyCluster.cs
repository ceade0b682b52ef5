using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;

namespace Pillion.Proxy.Configuration.Envoy;

/// <summary>A cluster of fixed or resolved endpoints that speak HTTP/1.1.</summary>
internal static class EnvoyCluster
{
    public static ClusterConfig? Read(ConfigValue value, EnvoyScope scope)
    {
        using var map = value.AsMap("Cluster");
        var defaults = new ClusterConfig { Name = "" };
        var discovery = map.Optional("type");
        var kind = discovery.AsOneOf(EnvoyNames.Discoveries, ClusterDiscovery.Static);
        var assignment = map.Optional("load_assignment");
        var hosts = map.Optional("hosts");
        if (value.IsMap && assignment.Exists == hosts.Exists)
        {
            map.Fail(assignment.Exists ? "has both load_assignment and hosts" : "has no endpoints", "give load_assignment");
        }

        var old = hosts.AsList(ReadHost);
        var endpoints = EnvoyEndpoints.Read(assignment);
        endpoints = assignment.Exists ? endpoints : old;
        CheckNames(kind, endpoints, value, map);
        var cluster = new ClusterConfig
        {
            Name = scope.Cluster(map.Required("name")),
            Discovery = kind,
            Endpoints = endpoints,
            Balancer = map.Optional("lb_policy").AsOneOf(EnvoyNames.Balancers, "round_robin"),
            ConnectTimeout = map.Optional("connect_timeout").AsDuration(defaults.ConnectTimeout, TimeSpan.FromMilliseconds(1)),
            MaxRequestsPerConnection = map.Optional("max_requests_per_connection").AsInt(defaults.MaxRequestsPerConnection),
            DnsRefresh = map.Optional("dns_refresh_rate").AsDuration(defaults.DnsRefresh, TimeSpan.FromMilliseconds(2)),
            RespectDnsTtl = map.Optional("respect_dns_ttl").AsBool(false),
            DnsFamily = map.Optional("dns_lookup_family").AsOneOf(EnvoyNames.DnsFamilies, DnsFamily.Auto),
            Source = value.Source,
        };
        CheckChoices(map.Optional("least_request_lb_config"));
        cluster = ReadCommon(map.Optional("common_http_protocol_options"), cluster);
        map.Optional("http_protocol_options").AsMap().Dispose();
        using (var extensions = map.Optional("typed_extension_protocol_options").AsMap())
        {
            cluster = ReadProtocol(extensions.Optional("envoy.extensions.upstreams.http.v3.HttpProtocolOptions"), cluster);
        }

        return ReadBreakers(map.Optional("circuit_breakers"), cluster);
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

    private static ClusterConfig ReadCommon(ConfigValue value, ClusterConfig cluster)
    {
        using var map = value.AsMap();
        return cluster with
        {
            IdleTimeout = map.Optional("idle_timeout").AsDuration(cluster.IdleTimeout),
            MaxRequestsPerConnection = map.Optional("max_requests_per_connection").AsInt(cluster.MaxRequestsPerConnection),
        };
    }

    private static ClusterConfig ReadProtocol(ConfigValue value, ClusterConfig cluster)
    {
        using var map = value.AsMap();
        _ = map.Optional("@type").AsText();
        cluster = ReadCommon(map.Optional("common_http_protocol_options"), cluster);
        using var protocol = map.Optional("explicit_http_config").AsMap();
        protocol.Optional("http_protocol_options").AsMap().Dispose();
        return cluster;
    }

    private static ClusterConfig ReadBreakers(ConfigValue value, ClusterConfig cluster)
    {
        using var map = value.AsMap();
        var thresholds = map.Optional("thresholds");
        _ = thresholds.AsList(item =>
        {
            using var threshold = item.AsMap();
            using var budget = threshold.Optional("retry_budget").AsMap();
            using var percent = budget.Optional("budget_percent").AsMap();
            cluster = cluster with
            {
                RetryBudgetPercent = percent.Optional("value").AsNumber(cluster.RetryBudgetPercent, 0, 100),
                MinRetryConcurrency = budget.Optional("min_retry_concurrency").AsInt(cluster.MinRetryConcurrency),
            };
            return "";
        });
        if (thresholds.Count > 1)
        {
            thresholds.Fail("has several thresholds", "one is supported, for the default priority");
        }

        return cluster;
    }
}
