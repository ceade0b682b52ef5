using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;
using Pillion.Proxy.Configuration.Reading;

namespace Pillion.Proxy.Configuration.Envoy;

/// <summary>weighted_clusters of a route.</summary>
internal static class EnvoyWeightedClusters
{
    public static SplitConfig? Read(ConfigValue value, EnvoyScope? scope)
    {
        using var map = value.AsMap("WeightedCluster");
        map.Refuse("runtime_key_prefix", "there is no runtime to change weights", "remove it");
        map.Refuse("use_hash_policy", "a split does not look at hash policies", "use header_name");
        var clusters = map.Required("clusters");
        var parts = clusters.AsList(item => ReadPart(item, scope));
        var sum = parts.Sum(part => (long)part.Weight);
        var total = map.Optional("total_weight");
        var asked = total.AsLong(sum, 1, uint.MaxValue);
        if (clusters.IsList && sum == 0)
        {
            clusters.Fail(clusters.Count == 0 ? "is empty" : "has no weight above 0", "give at least one cluster a weight");
        }
        else if (total.Exists && clusters.IsList && asked != sum)
        {
            total.FailText($"is not the sum of the weights, {sum}", "remove it, or make them equal");
        }

        var name = map.Optional("header_name").AsTextOrNull("header name", HttpText.IsToken, "use letters, digits and hyphens");
        return value.IsMap && sum > 0 ? new() { Parts = parts, By = name is null ? SplitBy.Chance : SplitBy.DrawnByCaller, ByName = name ?? "" } : null;
    }

    private static SplitPartConfig? ReadPart(ConfigValue value, EnvoyScope? scope)
    {
        using var map = value.AsMap("ClusterWeight");
        map.Refuse("cluster_header", "a part of a split cannot be named by the request", "use name");
        map.Refuse("typed_per_filter_config", "the filters of a route are the same for all of its clusters", "make two routes, or put it on the route");
        map.Refuse("metadata_match", "a part of a split has no subset of its own", "make a cluster of it");
        var name = map.Required("name");
        if (name.Exists)
        {
            scope?.ReferToCluster(name);
        }

        var part = new SplitPartConfig
        {
            Cluster = name.AsText(),
            Weight = map.Optional("weight").AsInt(0),
            RequestHeaders = EnvoyHeaderEdits.Read(map, "request"),
            ResponseHeaders = EnvoyHeaderEdits.Read(map, "response"),
            HostRewrite = map.Optional("host_rewrite_literal").AsTextOrNull("host", HttpText.IsHost, "use a host name, with a port or without"),
        };
        return value.IsMap ? part : null;
    }
}
