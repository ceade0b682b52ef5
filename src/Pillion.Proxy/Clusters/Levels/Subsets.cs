using Pillion.Core.Signals.Metrics;
using Pillion.Proxy.Configuration.Balancing;

namespace Pillion.Proxy.Clusters.Levels;

/// <summary>A cluster's endpoints divided by labels: what a request gets that asks for some, or for none (Envoy: subset load balancing). Immutable.</summary>
internal sealed class Subsets(SubsetConfig config, Dictionary<LabelSet, PriorityLevels> subsets, PriorityLevels defaults)
{
    /// <summary>How many there are.</summary>
    public int Count => subsets.Count;

    public PriorityLevels? Find(LabelSet labels, PriorityLevels whole, ClusterMetrics metrics)
    {
        if (labels.IsEmpty)
        {
            return Of(config.WithoutLabels, whole);
        }

        if (subsets.TryGetValue(labels, out var found))
        {
            metrics.SubsetsSelected++;
            return found;
        }

        metrics.SubsetsFallback++;
        return Of(FallbackOf(labels), whole);
    }

    // A selector with just these labels may say something else than the cluster.
    private SubsetFallback FallbackOf(LabelSet labels)
    {
        foreach (var selector in config.Selectors.AsSpan())
        {
            if (selector.Fallback is { } own && selector.Keys.Equals(labels.Keys))
            {
                return own;
            }
        }

        return config.Fallback;
    }

    private PriorityLevels? Of(SubsetFallback fallback, PriorityLevels whole) => fallback switch
    {
        SubsetFallback.Any => whole,
        SubsetFallback.Default => defaults,
        _ => null,
    };
}
