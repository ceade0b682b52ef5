using Pillion.Core.Configuration;
using Pillion.Proxy.Clusters.Levels;

namespace Pillion.Proxy.Configuration.Balancing;

/// <summary>What becomes of requests that no endpoint's labels fit.</summary>
internal enum SubsetFallback
{
    /// <summary>They are refused.</summary>
    None,

    /// <summary>They go to any endpoint.</summary>
    Any,

    /// <summary>They go to the endpoints of <see cref="SubsetConfig.Default"/>.</summary>
    Default,
}

/// <summary>Endpoints divided by their labels (Envoy: LbSubsetConfig).</summary>
internal sealed record SubsetConfig
{
    public SubsetFallback Fallback { get; init; }

    /// <summary>What requests get that ask for no labels.</summary>
    public SubsetFallback WithoutLabels { get; init; }

    public LabelSet Default { get; init; } = LabelSet.None;

    public ValueList<SubsetSelector> Selectors { get; init; } = [];
}

/// <summary>Labels by which subsets are made: one for each combination of values that there is.</summary>
/// <param name="Keys">In order.</param>
/// <param name="Fallback">Null is the cluster's.</param>
internal sealed record SubsetSelector(ValueList<string> Keys, SubsetFallback? Fallback = null);
