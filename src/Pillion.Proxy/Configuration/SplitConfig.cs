using Pillion.Core.Configuration;

namespace Pillion.Proxy.Configuration;

/// <summary>What decides which part of a split a request belongs to.</summary>
internal enum SplitBy
{
    Chance,

    /// <summary>A header's value: the same value goes the same way.</summary>
    Header,

    /// <summary>A cookie's value likewise.</summary>
    Cookie,

    /// <summary>A header whose value is the number that is drawn (Envoy: header_name).</summary>
    DrawnByCaller,
}

/// <summary>A route's requests divided among several clusters (Envoy: WeightedCluster).</summary>
internal sealed record SplitConfig
{
    public required ValueList<SplitPartConfig> Parts { get; init; }

    public SplitBy By { get; init; }

    /// <summary>The header's or cookie's; a request that has none of it is drawn by chance.</summary>
    public string ByName { get; init; } = "";
}

/// <summary>One cluster of a split (Envoy: ClusterWeight).</summary>
internal sealed record SplitPartConfig
{
    public required string Cluster { get; init; }

    /// <summary>Its share of the sum of all.</summary>
    public required int Weight { get; init; }

    public HeaderEditConfig RequestHeaders { get; init; } = HeaderEditConfig.None;

    public HeaderEditConfig ResponseHeaders { get; init; } = HeaderEditConfig.None;

    /// <summary>Replaces Host, also where the route does (Envoy: host_rewrite_literal).</summary>
    public string? HostRewrite { get; init; }
}
