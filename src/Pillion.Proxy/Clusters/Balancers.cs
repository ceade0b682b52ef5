using Pillion.Core.Configuration;

namespace Pillion.Proxy.Clusters;

/// <summary>The ways to choose an endpoint; the names are those of the config file. Each entry makes the balancer of one loop.</summary>
internal static class Balancers
{
    public static readonly Registry<Func<IBalancer>> All = new("balancer")
    {
        { "round_robin", () => new RoundRobin() },
        { "least_request", () => new LeastRequest() },   // default: two random choices
    };

    /// <summary>A balancer for one loop; the name was checked when the configuration was read.</summary>
    public static IBalancer Create(string name) =>
        All.TryGet(name, out var make) ? make() : throw new ArgumentException($"There is no balancer '{name}'; {All.Suggest(name)}.", nameof(name));
}
