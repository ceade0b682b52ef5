using System.Text;
using Pillion.Proxy.Configuration.Balancing;

namespace Pillion.Proxy.Clusters.Balancing;

/// <summary>
/// Requests with the same hash go to the same endpoint, found in a table. Where that one was tried already, or has its fill (Mirrokni, Thorup,
/// Zadimoghaddam: "Consistent Hashing with Bounded Loads"), they go to the one that ranks next for this hash, which is again the same for all of them.
/// </summary>
internal abstract class ConsistentHash(BalancingConfig config) : IBalancer
{
    private readonly double _maxLoad = config.MaxLoadPercent / 100.0;

    protected BalancingConfig Config { get; } = config;

    public bool GoesByHash => true;

    public void Prepare(EndpointSet set) => set.Table ??= set.Count > 1 ? Build(set) : null;

    public Endpoint? Pick(EndpointSet set, in PickContext context)
    {
        if (set.Count < 2)
        {
            return set.Count == 0 ? null : set[0];
        }

        if (set.Table is null)
        {
            // A set that no cluster published.
            Prepare(set);
        }

        var hash = context.HasHash ? context.Hash : (ulong)context.Random.NextInt64(long.MinValue, long.MaxValue);
        var index = set.Table!.Find(hash);
        if (_maxLoad == 0)
        {
            return context.HasTried(set[index]) ? Next(set, context, hash, 0) : set[index];
        }

        var active = 0L;
        foreach (var endpoint in set.AsSpan())
        {
            active += endpoint.ActiveRequests;
        }

        return context.HasTried(set[index]) || Fill(set, index, active) >= 1 ? Next(set, context, hash, active) : set[index];
    }

    protected abstract EndpointTable Build(EndpointSet set);

    /// <summary>What an endpoint's places are hashed from, as Envoy makes it.</summary>
    protected byte[] KeyOf(Endpoint endpoint) =>
        Encoding.UTF8.GetBytes(endpoint.Labels["hash_key"] ?? (Config.HashesHostNames ? endpoint.HostName : null) ?? endpoint.Text);

    // Highest random weight (Thaler, Ravishankar): every hash ranks the endpoints in an order of its own, in which each is first as often as its weight says.
    private Endpoint Next(EndpointSet set, in PickContext context, ulong hash, long active)
    {
        context.CountUntried(set, out var avoidTried);
        var best = -1;
        var bestScore = double.NegativeInfinity;
        var emptiest = -1;
        var leastFill = double.PositiveInfinity;
        for (var i = 0; i < set.Count; i++)
        {
            if ((avoidTried && context.HasTried(set[i])) || set.Weight(i) <= 0)
            {
                continue;
            }

            var fill = _maxLoad == 0 ? 0 : Fill(set, i, active);
            if (fill < leastFill)
            {
                (emptiest, leastFill) = (i, fill);
            }

            if (fill < 1)
            {
                var drawn = ((XxHash64.Mix(hash ^ set[i].Id) >> 11) + 0.5) / (1UL << 53);
                var score = -set.Weight(i) / Math.Log(drawn);
                if (score > bestScore)
                {
                    (best, bestScore) = (i, score);
                }
            }
        }

        return set[best >= 0 ? best : Math.Max(0, emptiest)];
    }

    // How full it is of what it may have: its part of all requests, this one included, times the factor; rounded up, at least one.
    private double Fill(EndpointSet set, int index, long active) =>
        set[index].ActiveRequests / Math.Max(1, Math.Ceiling(_maxLoad * (active + 1) * set.Weight(index) / set.TotalWeight));
}
