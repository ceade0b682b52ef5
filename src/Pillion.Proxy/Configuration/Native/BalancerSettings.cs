using Pillion.Core.Configuration.Reading;
using Pillion.Proxy.Clusters;
using Pillion.Proxy.Configuration.Balancing;
using Pillion.Proxy.Configuration.Reading;

namespace Pillion.Proxy.Configuration.Native;

/// <summary><c>balancer: NAME | { kind: NAME, … }</c> of a service.</summary>
internal static class BalancerSettings
{
    private const string Kinds = "How an endpoint is chosen: `least_request`, the less busy of two drawn at random; `round_robin`, each in turn; `random`; `peak_ewma`, the one of two that is expected to be done sooner; `ring_hash` and `maglev`, always the same one for the same `hash_on`. All honour weights.";

    public static ClusterConfig Read(ConfigValue value, ClusterConfig cluster)
    {
        if (value.IsText)
        {
            return cluster with { Balancer = value.AsNameOf(Balancers.All, cluster.Balancer) };
        }

        using var map = value.AsMap("balancer");
        var kind = map.Optional("kind", Kinds).AsNameOf(Balancers.All, cluster.Balancer);
        var config = cluster.Balancing;
        config = config with
        {
            Choices = Of(map, "choices", "So many are drawn at random, and the least busy one is used.", kind, "least_request").AsInt(config.Choices, 2, 100),
            ActiveRequestBias = Of(map, "active_request_bias", "With weights: how much the requests an endpoint serves take from its weight; 0 is nothing.", kind, "least_request").AsNumber(config.ActiveRequestBias, 0, 100),
            MinRingSize = Of(map, "min_ring_size", "At least so many points on the ring; more are evener and take more memory, 12 bytes each.", kind, "ring_hash").AsInt(config.MinRingSize, 1, BalancingConfig.Usual.MaxRingSize),
            MaxRingSize = Of(map, "max_ring_size", "At most so many points on the ring.", kind, "ring_hash").AsInt(config.MaxRingSize, 1, BalancingConfig.Usual.MaxRingSize),
            TableSize = ReadTableSize(Of(map, "table_size", "The places of the table, 4 bytes each; a prime, best a hundred times the number of endpoints.", kind, "maglev"), config.TableSize),
            MaxLoadPercent = (int)Math.Round(100 * Of(map, "max_load", "An endpoint that serves so many times its fair share of the requests under way gets no more of them: 1.25 is a good value. 0 is no limit.", kind, "ring_hash", "maglev").AsNumber(config.MaxLoadPercent / 100.0, 0, 100)),
            HashesHostNames = Of(map, "by_host_name", "An endpoint's place follows its host name, not its address: for names with one address each that changes.", kind, "ring_hash", "maglev").AsBool(false),
            LatencySeed = Of(map, "first_guess", "What an endpoint is expected to take that has not answered yet.", kind, "peak_ewma").AsDuration(config.LatencySeed, TimeSpan.FromMilliseconds(1)),
            LatencyDecay = Of(map, "decay", "How soon old answers are forgotten.", kind, "peak_ewma").AsDuration(config.LatencyDecay, TimeSpan.FromMilliseconds(1)),
            FailurePenalty = Of(map, "failure_penalty", "A failure, a 429 and a 5xx count as an answer that took at least this long.", kind, "peak_ewma").AsDuration(config.FailurePenalty),
            SlowStart = ReadSlowStart(Of(map, "slow_start", "An endpoint that comes, or comes back, gets its share by and by, over this time, such as `30s`, or as a [slow start](#slow-start) says.", kind, "round_robin", "least_request")),
            PanicPercent = map.Optional("panic_threshold", "With less than this share of the endpoints healthy, all are used: more likely the checks are wrong than the endpoints. 0% is never.").AsPercent(config.PanicPercent),
            OverprovisioningPercent = (int)Math.Round(100 * map.Optional("overprovisioning", "How many times its usual load a priority can bear: with 1.4, 72 of 100 healthy endpoints still bear all, and only below that the next priority is used.").AsNumber(config.OverprovisioningPercent / 100.0, 1, 100)),
        };
        if (config.MaxLoadPercent is > 0 and < 100)
        {
            map.Optional("max_load").FailText("leaves some requests without an endpoint", "use 1 or more; 1.25 is a good value");
        }

        if (config.MinRingSize > config.MaxRingSize)
        {
            map.Optional("min_ring_size").FailText("is more than max_ring_size", $"use at most {config.MaxRingSize}");
        }

        return cluster with { Balancer = kind, Balancing = config };
    }

    /// <summary>A table's size must be a prime.</summary>
    public static int ReadTableSize(ConfigValue value, int fallback)
    {
        var size = value.AsInt(fallback, 2, PrimeNumber.MostPlaces);
        if (PrimeNumber.Is(size))
        {
            return size;
        }

        value.FailText("is not a prime", $"use {PrimeNumber.Near(size)}");
        return fallback;
    }

    private static ConfigValue Of(ConfigMap map, string name, string meaning, string kind, params ReadOnlySpan<string> kinds)
    {
        var value = map.Optional(name, $"{string.Join(" and ", kinds.ToArray())}: {char.ToLowerInvariant(meaning[0])}{meaning[1..]}");
        if (value.Exists && !kinds.Contains(kind))
        {
            value.Fail($"is of {string.Join(" and ", kinds.ToArray())}, and the balancer is {kind}", kinds.Length == 1 ? $"remove it, or add kind: {kinds[0]}" : "remove it, or use another kind");
        }

        return value;
    }

    private static SlowStartConfig? ReadSlowStart(ConfigValue value)
    {
        var shortest = TimeSpan.FromMilliseconds(1);
        if (value.IsText)
        {
            return new() { Window = value.AsDuration(TimeSpan.FromSeconds(30), shortest) };
        }

        using var map = value.AsMap("slow start");
        var config = new SlowStartConfig
        {
            Window = map.Required("window", "Until it has its whole share.").AsDuration(TimeSpan.FromSeconds(30), shortest),
            Aggression = map.Optional("aggression", "1 grows evenly, more is steeper at first.").AsNumber(1, 0.01, 100),
            MinWeightPercent = map.Optional("min_weight", "The part of its share that it has from the beginning.").AsPercent(10),
        };
        return value.IsMap ? config : null;
    }
}
