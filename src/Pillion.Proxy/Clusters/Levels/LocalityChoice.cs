using Pillion.Core.Signals.Metrics;

namespace Pillion.Proxy.Clusters.Levels;

/// <summary>How a locality is chosen within a priority: by weights, or our own first.</summary>
internal abstract class LocalityChoice
{
    public abstract IEnumerable<EndpointSet> Sets { get; }

    /// <summary>Null: this request is sent without regard to localities.</summary>
    public abstract EndpointSet? Choose(Random random, ClusterMetrics metrics);
}
