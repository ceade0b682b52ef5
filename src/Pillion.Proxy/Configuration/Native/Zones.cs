using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;
using Pillion.Proxy.Configuration.Balancing;

namespace Pillion.Proxy.Configuration.Native;

/// <summary><c>zones: prefer | { prefer, peers, … } | { weights }</c> of a service whose endpoints say their zones.</summary>
internal static class Zones
{
    private static readonly Registry<string> Words = new("choice") { { "prefer", "" } };

    public static ClusterConfig Read(ConfigValue value, ClusterConfig cluster, string? own)
    {
        if (value.IsText)
        {
            _ = value.AsNameOf(Words, "");
            return Check(value, cluster, own) ? Prefer(cluster, own!) : cluster;
        }

        using var map = value.AsMap("zones");
        var prefer = map.Optional("prefer", "Endpoints of our own `outbound.zone` first, those of others when it can no longer bear all. `zones: prefer` is short for this.").AsBool(false);
        var peers = map.Optional("peers", "How many sidecars call the service from each zone. With it, requests stay in their zone only as far as that does not overload its endpoints, as Envoy's zone aware routing does.");
        var counts = ReadNumbers(peers, 0);
        var least = map.Optional("min_endpoints", "With `peers`: zones do not matter while fewer endpoints are healthy.").AsInt(6, 1, 1_000_000);
        var percent = map.Optional("percent", "With `peers`: the share of the requests that is sent by zone.").AsPercent(100);
        var weights = map.Optional("weights", "Requests are divided among the zones by these numbers, whatever the number of endpoints in each.");
        var shares = ReadNumbers(weights, 1);
        if (!value.IsMap)
        {
            return cluster;
        }

        if (prefer == weights.Exists)
        {
            map.Fail(prefer ? "says two things to do" : "does not say what zones are for", "give prefer: true, or weights");
            return cluster;
        }

        if (weights.Exists)
        {
            return Check(value, cluster, own: "") ? Weigh(weights, cluster, shares) : cluster;
        }

        if (!peers.Exists)
        {
            foreach (var setting in new[] { "min_endpoints", "percent" }.Where(map.Has))
            {
                map.Optional(setting).Fail("is of zones with peers", "add peers, or remove it");
            }

            return Check(value, cluster, own) ? Prefer(cluster, own!) : cluster;
        }

        if (!Check(value, cluster, own))
        {
            return cluster;
        }

        if (counts.GetValueOrDefault(own!) == 0)
        {
            peers.Fail($"does not count our own zone, {ConfigError.Quote(own!)}", "add it");
        }

        var zones = new ZoneRoutingConfig
        {
            Own = new(Zone: own!),
            Peers = new([.. counts.Select(zone => new ZonePeers(new(Zone: zone.Key), zone.Value))]),
            MinClusterSize = least,
            EnabledPercent = percent,
        };
        return cluster with { Balancing = cluster.Balancing with { Zones = zones } };
    }

    // The tiers of a failover: what a priority was is now two of them, near and far.
    private static ClusterConfig Prefer(ClusterConfig cluster, string own)
    {
        var tiers = cluster.Endpoints.Select(Tier).Distinct().Order().ToList();
        return cluster with { Endpoints = new([.. cluster.Endpoints.Select(endpoint => endpoint with { Priority = tiers.IndexOf(Tier(endpoint)) })]) };

        long Tier(EndpointConfig endpoint) => (2L * endpoint.Priority) + (endpoint.Locality.Zone == own ? 0 : 1);
    }

    private static ClusterConfig Weigh(ConfigValue weights, ClusterConfig cluster, Dictionary<string, int> shares)
    {
        foreach (var zone in shares.Keys.Where(zone => cluster.Endpoints.All(endpoint => endpoint.Locality.Zone != zone)))
        {
            weights.Fail($"names {ConfigError.Quote(zone)}, where no endpoint is", "remove it, or give an endpoint this zone");
        }

        if (cluster.Endpoints.FirstOrDefault(endpoint => !shares.ContainsKey(endpoint.Locality.Zone)) is { } without)
        {
            weights.Fail($"has nothing for {ConfigError.Quote(without.Locality.Zone)}, the zone of {without.Address}", "add it; an endpoint without a weight would never be used");
        }

        return cluster with
        {
            Endpoints = new([.. cluster.Endpoints.Select(endpoint => endpoint with { LocalityWeight = shares.GetValueOrDefault(endpoint.Locality.Zone) })]),
            Balancing = cluster.Balancing with { WeighsLocalities = true },
        };
    }

    private static bool Check(ConfigValue value, ClusterConfig cluster, string? own)
    {
        if (own is null)
        {
            value.Fail("needs to know which zone is ours", "add outbound.zone, such as zone: ${ZONE}");
            return false;
        }

        if (cluster.Endpoints.FirstOrDefault(endpoint => !endpoint.Locality.IsKnown) is { } without)
        {
            value.Fail($"needs the zone of every endpoint, and {without.Address} has none", "add zone to it: { address: …, zone: … }");
            return false;
        }

        return true;
    }

    private static Dictionary<string, int> ReadNumbers(ConfigValue value, int least)
    {
        var numbers = new Dictionary<string, int>();
        value.AsNamed("NAME", (name, item) => numbers[name] = item.AsInt(1, least, 1_000_000));
        return numbers;
    }
}
