using Pillion.Proxy.Configuration.Balancing;

namespace Pillion.Proxy.Clusters.Balancing;

/// <summary>A table in which the endpoints take places by turns, each in an order of its own (Eisenbud et al., "Maglev", §3.4): evener than a ring.</summary>
internal sealed class Maglev(BalancingConfig config) : ConsistentHash(config)
{
    protected override EndpointTable Build(EndpointSet set) => MaglevTable.Build(set, KeyOf, Config.TableSize);
}
