namespace Pillion.Proxy.Clusters.Balancing;

/// <summary>
/// One after the other; with weights, the smooth kind, which mixes the turns of a heavy endpoint among those of the others. Begins at a random
/// endpoint, so that many loops and many sidecars do not all begin at the first.
/// </summary>
internal sealed class RoundRobin : IBalancer
{
    // At most so many turns are skipped to begin at a random one; each costs a walk over the set.
    private const int MaxSkipped = 256;

    private EndpointSet _set = EndpointSet.Empty;
    private uint _next;
    private double[] _credit = [];

    public Endpoint? Pick(EndpointSet set, in PickContext context)
    {
        if (set.Count == 0)
        {
            return null;
        }

        if (!ReferenceEquals(set, _set))
        {
            Begin(set, context.Random);
        }

        context.CountUntried(set, out var avoidTried);
        return set.HasEqualWeights && !set.IsWarming(context.Now) ? Turn(set, context, avoidTried) : WeightedTurn(set, context, avoidTried);
    }

    private void Begin(EndpointSet set, Random random)
    {
        var old = _set;
        var oldCredit = _credit;
        if (old.Count == 0)
        {
            _next = (uint)random.Next(set.Count);
        }

        _set = set;
        _credit = new double[set.Count];
        if (set.HasEqualWeights)
        {
            return;
        }

        if (oldCredit.Length == 0)
        {
            for (var skip = random.Next((int)Math.Clamp(set.TotalWeight, 1, MaxSkipped)); skip > 0; skip--)
            {
                WeightedTurn(set, default, avoidTried: false);
            }

            return;
        }

        // Endpoints that stay keep their place in the order, so that a changing set does not favour whoever stands first.
        for (var i = 0; i < set.Count; i++)
        {
            var at = old.AsSpan().IndexOf(set[i]);
            _credit[i] = at >= 0 ? oldCredit[at] : 0;
        }
    }

    private Endpoint Turn(EndpointSet set, in PickContext context, bool avoidTried)
    {
        while (true)
        {
            var endpoint = set[(int)(_next++ % (uint)set.Count)];
            if (!avoidTried || !context.HasTried(endpoint))
            {
                return endpoint;
            }
        }
    }

    // Each gets its weight in credit, the richest is taken and pays what all got.
    private Endpoint WeightedTurn(EndpointSet set, in PickContext context, bool avoidTried)
    {
        var richest = -1;
        var given = 0.0;
        for (var i = 0; i < set.Count; i++)
        {
            var endpoint = set[i];
            if (avoidTried && context.HasTried(endpoint))
            {
                continue;
            }

            var weight = set.Weight(i, context.Now);
            given += weight;
            _credit[i] += weight;
            if (richest < 0 || _credit[i] > _credit[richest])
            {
                richest = i;
            }
        }

        _credit[richest] -= given;
        return set[richest];
    }
}
