using Pillion.Core.Signals.Metrics;

namespace Pillion.Proxy.Clusters.Levels;

/// <summary>All that a pick needs to know of a cluster's endpoints at one moment: immutable, published by one reference write.</summary>
/// <param name="All">Every endpoint there is, failing ones too.</param>
/// <param name="Whole">All of them, by priority.</param>
/// <param name="Subsets">Null: labels do not matter.</param>
internal sealed record EndpointPlan(EndpointSet All, PriorityLevels Whole, Subsets? Subsets)
{
    /// <summary>The endpoints that a request may go to; null when none fits its labels.</summary>
    public PriorityLevels? For(LabelSet labels, ClusterMetrics metrics) => Subsets is null ? Whole : Subsets.Find(labels, Whole, metrics);

    /// <summary>The endpoint with this id.</summary>
    public Endpoint? Find(ulong id)
    {
        foreach (var endpoint in All.AsSpan())
        {
            if (endpoint.Id == id)
            {
                return endpoint;
            }
        }

        return null;
    }
}
