using Pillion.Proxy.Configuration.Balancing;

namespace Pillion.Proxy.Clusters.Balancing;

/// <summary>A ring with many points for each endpoint; a hash belongs to the next point (ketama).</summary>
internal sealed class RingHash(BalancingConfig config) : ConsistentHash(config)
{
    protected override EndpointTable Build(EndpointSet set) => RingTable.Build(set, KeyOf, Config.MinRingSize, Config.MaxRingSize);
}
