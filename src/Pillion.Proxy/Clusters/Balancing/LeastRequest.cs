using Pillion.Proxy.Configuration.Balancing;

namespace Pillion.Proxy.Clusters.Balancing;

/// <summary>
/// Equal weights: of two endpoints (or more, as the configuration has it) drawn by chance, the one with fewest requests; this avoids the rush of everybody
/// to the least loaded. Unequal weights: drawn by chance in proportion to weight / (requests + 1) to the power of the bias, as Envoy weighs them.
/// </summary>
internal sealed class LeastRequest(BalancingConfig config) : IBalancer
{
    private readonly double _bias = config.ActiveRequestBias;
    private readonly int _choices = config.Choices;

    public LeastRequest()
        : this(BalancingConfig.Usual)
    {
    }

    public Endpoint? Pick(EndpointSet set, in PickContext context)
    {
        if (set.Count < 2)
        {
            return set.Count == 0 ? null : set[0];
        }

        var untried = context.CountUntried(set, out var avoidTried);
        return set.HasEqualWeights && !set.IsWarming(context.Now) ? OfSome(set, context, untried, avoidTried) : Weighted(set, context, avoidTried);
    }

    private Endpoint OfSome(EndpointSet set, in PickContext context, int untried, bool avoidTried)
    {
        var at = context.Random.Next(untried);
        var best = Choice(set, context, at, avoidTried);
        for (var drawn = 1; drawn < Math.Min(_choices, untried); drawn++)
        {
            // Of two, never the same again; of more, one may come twice, as in Envoy; where as many are drawn as there are, each once.
            at = _choices >= untried ? (at + 1) % untried : _choices == 2 ? (at + 1 + context.Random.Next(untried - 1)) % untried : context.Random.Next(untried);
            var other = Choice(set, context, at, avoidTried);
            best = other.ActiveRequests < best.ActiveRequests ? other : best;
        }

        return best;
    }

    // The index counts the endpoints that may be chosen.
    private static Endpoint Choice(EndpointSet set, in PickContext context, int index, bool avoidTried)
    {
        if (!avoidTried)
        {
            return set[index];
        }

        foreach (var endpoint in set.AsSpan())
        {
            if (!context.HasTried(endpoint) && index-- == 0)
            {
                return endpoint;
            }
        }

        return set[0];
    }

    private Endpoint Weighted(EndpointSet set, in PickContext context, bool avoidTried)
    {
        var total = 0.0;
        for (var i = 0; i < set.Count; i++)
        {
            total += Worth(set, i, context, avoidTried);
        }

        var drawn = context.Random.NextDouble() * total;
        Endpoint? last = null;
        for (var i = 0; i < set.Count; i++)
        {
            var worth = Worth(set, i, context, avoidTried);
            if (worth > 0)
            {
                last = set[i];
                drawn -= worth;
                if (drawn < 0)
                {
                    break;
                }
            }
        }

        // Counts move while they are added up, so the draw may end behind the last one.
        return last!;
    }

    private double Worth(EndpointSet set, int index, in PickContext context, bool avoidTried)
    {
        var endpoint = set[index];
        if (avoidTried && context.HasTried(endpoint))
        {
            return 0;
        }

        var requests = Math.Max(0, endpoint.ActiveRequests) + 1.0;
        var divisor = _bias switch
        {
            1 => requests,
            0 => 1,
            _ => Math.Pow(requests, _bias),
        };
        return set.Weight(index, context.Now) / divisor;
    }
}
