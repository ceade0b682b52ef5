using Pillion.Core.Configuration;
using Pillion.Proxy.Clusters.Balancing;
using Pillion.Proxy.Configuration.Balancing;

namespace Pillion.Proxy.Clusters;

/// <summary>The ways to choose an endpoint; the names are those of the config file. Each entry makes the balancer of one loop.</summary>
internal static class Balancers
{
    public static readonly Registry<Func<BalancingConfig, IBalancer>> All = new("balancer")
    {
        { "round_robin", _ => new RoundRobin() },
        { "least_request", config => new LeastRequest(config) },   // default: two random choices
        { "random", _ => new RandomChoice() },
        { "peak_ewma", config => new PeakEwma(config) },
        { "ring_hash", config => new RingHash(config) },
        { "maglev", config => new Maglev(config) },
    };

    /// <summary>A balancer for one loop; the name was checked when the configuration was read.</summary>
    public static IBalancer Create(string name, BalancingConfig? config = null) =>
        All.TryGet(name, out var make) ? make(config ?? BalancingConfig.Usual) : throw new ArgumentException($"There is no balancer '{name}'; {All.Suggest(name)}.", nameof(name));
}
