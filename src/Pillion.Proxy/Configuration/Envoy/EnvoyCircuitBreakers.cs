using Pillion.Core.Configuration.Reading;

namespace Pillion.Proxy.Configuration.Envoy;

/// <summary>circuit_breakers: the thresholds of either priority, for the cluster and for each endpoint.</summary>
internal static class EnvoyCircuitBreakers
{
    // Without a budget a number counts, and requests wait as long as they may take.
    private static readonly CircuitBreakerConfig Usual = new() { MaxRetries = 3 };

    public static ClusterConfig Read(ConfigValue value, ClusterConfig cluster)
    {
        cluster = cluster with { DefaultCircuits = Usual, HighCircuits = Usual };
        using var map = value.AsMap("CircuitBreakers");
        var given = new HashSet<RoutePriority>();
        _ = map.Optional("thresholds").AsList(item =>
        {
            cluster = ReadThresholds(item, given, cluster);
            return "";
        });
        given.Clear();
        _ = map.Optional("per_host_thresholds").AsList(item =>
        {
            cluster = ReadPerHost(item, given, cluster);
            return "";
        });
        return cluster;
    }

    private static ClusterConfig ReadThresholds(ConfigValue value, HashSet<RoutePriority> given, ClusterConfig cluster)
    {
        using var map = value.AsMap("Thresholds");
        var priority = ReadPriority(map, given);
        var before = Of(cluster, priority);
        var retries = map.Optional("max_retries").AsInt(3);
        var budget = map.Optional("retry_budget");
        using var budgetMap = budget.AsMap();
        using var percent = budgetMap.Optional("budget_percent").AsMap();
        map.Refuse("max_connection_pools", "connection pools are not limited: there is one for each endpoint, priority and loop", "remove it; max_connections limits what is in them");
        return With(cluster, priority, before with
        {
            MaxConnections = ReadLimit(map.Optional("max_connections"), before.MaxConnections),
            MaxPending = ReadLimit(map.Optional("max_pending_requests"), before.MaxPending),
            MaxRequests = ReadLimit(map.Optional("max_requests"), before.MaxRequests),
            // A budget replaces the number, as in Envoy.
            MaxRetries = budget.Exists ? null : retries,
            RetryBudgetPercent = percent.Optional("value").AsNumber(20, 0, 100),
            MinRetryConcurrency = budgetMap.Optional("min_retry_concurrency").AsInt(3),
            TrackRemaining = map.Optional("track_remaining").AsBool(false),
        });
    }

    private static ClusterConfig ReadPerHost(ConfigValue value, HashSet<RoutePriority> given, ClusterConfig cluster)
    {
        using var map = value.AsMap("Thresholds of one host");
        var priority = ReadPriority(map, given);
        foreach (var other in new[] { "max_pending_requests", "max_requests", "max_retries", "retry_budget", "track_remaining", "max_connection_pools" })
        {
            map.Refuse(other, "is not a limit of one host", "use max_connections, or set it in thresholds");
        }

        var before = Of(cluster, priority);
        return With(cluster, priority, before with { MaxConnectionsPerEndpoint = ReadLimit(map.Optional("max_connections"), before.MaxConnectionsPerEndpoint) });
    }

    private static RoutePriority ReadPriority(ConfigMap map, HashSet<RoutePriority> given)
    {
        var value = map.Optional("priority");
        var priority = value.AsOneOf(EnvoyNames.Priorities, RoutePriority.Default);
        var isKnown = !value.Exists || EnvoyNames.Priorities.TryGet(value.Text, out _);
        if (isKnown && !given.Add(priority) && map.Exists)
        {
            map.Fail("is for a priority that has thresholds already", "give each priority once, DEFAULT and HIGH");
        }

        return priority;
    }

    private static LimitConfig ReadLimit(ConfigValue value, LimitConfig usual) => value.Exists ? new(value.AsInt(usual.Most), value.Source) : usual;

    private static CircuitBreakerConfig Of(ClusterConfig cluster, RoutePriority priority) => priority == RoutePriority.High ? cluster.HighCircuits : cluster.DefaultCircuits;

    private static ClusterConfig With(ClusterConfig cluster, RoutePriority priority, CircuitBreakerConfig circuits) =>
        priority == RoutePriority.High ? cluster with { HighCircuits = circuits } : cluster with { DefaultCircuits = circuits };
}
