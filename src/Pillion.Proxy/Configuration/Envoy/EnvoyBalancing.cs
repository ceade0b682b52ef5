using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;
using Pillion.Proxy.Configuration.Balancing;
using Pillion.Proxy.Configuration.Native;

namespace Pillion.Proxy.Configuration.Envoy;

/// <summary>lb_policy with its settings, common_lb_config and lb_subset_config.</summary>
internal static class EnvoyBalancing
{
    private static readonly Registry<string> HashFunctions = new("hash function that is supported") { { "XX_HASH", "" } };

    public static ClusterConfig Read(ConfigMap map, ClusterConfig cluster, EnvoyScope scope)
    {
        var policy = map.Optional("lb_policy");
        map.Refuse("load_balancing_policy", "is a chain of extensions, which is not supported", "use lb_policy, with ring_hash_lb_config and the like for its settings");
        var balancer = ReadPolicy(policy, map, cluster.Discovery);
        var config = cluster.Balancing;
        config = ReadLeastRequest(Of(map, "least_request_lb_config", balancer, "least_request"), config);
        config = ReadRoundRobin(Of(map, "round_robin_lb_config", balancer, "round_robin"), config);
        config = ReadRing(Of(map, "ring_hash_lb_config", balancer, "ring_hash"), config);
        using (var maglev = Of(map, "maglev_lb_config", balancer, "maglev").AsMap())
        {
            config = config with { TableSize = BalancerSettings.ReadTableSize(maglev.Optional("table_size"), config.TableSize) };
        }

        config = ReadCommon(map.Optional("common_lb_config"), config, balancer, scope);
        config = config with { Subsets = EnvoySubsets.Read(map.Optional("lb_subset_config")) };
        return cluster with { Balancer = balancer, Balancing = config };
    }

    private static string ReadPolicy(ConfigValue value, ConfigMap map, ClusterDiscovery kind)
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

    // Envoy would not look at the settings of another balancer.
    private static ConfigValue Of(ConfigMap map, string name, string balancer, string kind)
    {
        var value = map.Optional(name);
        if (value.Exists && balancer != kind)
        {
            value.Fail($"is of {EnvoyNames.Balancers.NameOf(kind)}, and lb_policy is {EnvoyNames.Balancers.NameOf(balancer)}", $"remove it, or use lb_policy: {EnvoyNames.Balancers.NameOf(kind)}");
        }

        return value;
    }

    private static BalancingConfig ReadLeastRequest(ConfigValue value, BalancingConfig config)
    {
        using var map = value.AsMap("LeastRequestLbConfig");
        using var bias = map.Optional("active_request_bias").AsMap("RuntimeDouble");
        _ = bias.Optional("runtime_key").AsText();
        return config with
        {
            Choices = map.Optional("choice_count").AsInt(config.Choices, 2, 1_000),
            ActiveRequestBias = bias.Optional("default_value").AsNumber(bias.Exists ? 0 : config.ActiveRequestBias, 0, 1_000),
            SlowStart = ReadSlowStart(map.Optional("slow_start_config")),
        };
    }

    private static BalancingConfig ReadRoundRobin(ConfigValue value, BalancingConfig config)
    {
        using var map = value.AsMap("RoundRobinLbConfig");
        return ReadSlowStart(map.Optional("slow_start_config")) is { } slow ? config with { SlowStart = slow } : config;
    }

    private static BalancingConfig ReadRing(ConfigValue value, BalancingConfig config)
    {
        using var map = value.AsMap("RingHashLbConfig");
        var least = map.Optional("minimum_ring_size");
        _ = map.Optional("hash_function").AsOneOf(HashFunctions, "");
        config = config with
        {
            MinRingSize = least.AsInt(config.MinRingSize, 1, config.MaxRingSize),
            MaxRingSize = map.Optional("maximum_ring_size").AsInt(config.MaxRingSize, 1, config.MaxRingSize),
        };
        if (config.MinRingSize > config.MaxRingSize)
        {
            least.Fail($"is {config.MinRingSize}, more than maximum_ring_size", $"use at most {config.MaxRingSize}");
        }

        return config;
    }

    private static SlowStartConfig? ReadSlowStart(ConfigValue value)
    {
        using var map = value.AsMap("SlowStartConfig");
        var window = map.Optional("slow_start_window").AsDuration(TimeSpan.Zero);
        using var aggression = map.Optional("aggression").AsMap("RuntimeDouble");
        _ = aggression.Optional("runtime_key").AsText();
        var config = new SlowStartConfig
        {
            Window = window,
            Aggression = aggression.Optional("default_value").AsNumber(1, 0.01, 1_000),
            MinWeightPercent = EnvoyPercent.ReadPlain(map.Optional("min_weight_percent"), 10),
        };
        return window > TimeSpan.Zero ? config : null;
    }

    private static BalancingConfig ReadCommon(ConfigValue value, BalancingConfig config, string balancer, EnvoyScope scope)
    {
        using var map = value.AsMap("CommonLbConfig");
        config = config with { PanicPercent = EnvoyPercent.ReadPlain(map.Optional("healthy_panic_threshold"), config.PanicPercent) };
        var zones = map.Optional("zone_aware_lb_config");
        var weights = map.Optional("locality_weighted_lb_config");
        weights.AsMap().Dispose();
        if (zones.Exists && weights.Exists)
        {
            zones.Fail("stands beside locality_weighted_lb_config", "give one of the two");
        }

        config = weights.Exists ? config with { WeighsLocalities = true } : ReadZones(zones, config, scope);
        var hashing = map.Optional("consistent_hashing_lb_config");
        if (hashing.Exists && balancer is not ("ring_hash" or "maglev"))
        {
            hashing.Fail($"is of RING_HASH and MAGLEV, and lb_policy is {EnvoyNames.Balancers.NameOf(balancer)}", "remove it");
        }

        using var hash = hashing.AsMap("ConsistentHashingLbConfig");
        return config with
        {
            HashesHostNames = hash.Optional("use_hostname_for_hashing").AsBool(false),
            MaxLoadPercent = hash.Optional("hash_balance_factor").AsInt(config.MaxLoadPercent, 100, 1_000_000),
        };
    }

    // Without a local cluster Envoy knows nothing of the others in its zone, and sends without regard to zones whatever this says.
    private static BalancingConfig ReadZones(ConfigValue value, BalancingConfig config, EnvoyScope scope)
    {
        using var map = value.AsMap("ZoneAwareLbConfig");
        var enabled = EnvoyPercent.ReadPlain(map.Optional("routing_enabled"), 100);
        var least = map.Optional("min_cluster_size").AsInt(6);
        var fails = map.Optional("fail_traffic_on_panic").AsBool(false);
        if (map.Exists && (map.Has("routing_enabled") || map.Has("min_cluster_size")) && scope.OwnLocality is null)
        {
            map.Fail("needs to know who else sends from which zone", "add node.locality, and cluster_manager.local_cluster_name, the cluster of the sidecars like this one");
        }

        return config with
        {
            FailsOnPanic = fails,
            Zones = scope.OwnLocality is { } own && enabled > 0 ? new() { Own = own, Peers = [], MinClusterSize = least, EnabledPercent = enabled } : null,
        };
    }
}
