namespace Pillion.Proxy.Clusters;

/// <summary>
/// Equal weights: of two endpoints drawn by chance, the one with fewer requests; this avoids the rush of everybody to the least loaded.
/// Unequal weights: drawn by chance in proportion to weight / (requests + 1), as Envoy weighs them.
/// </summary>
internal sealed class LeastRequest : IBalancer
{
    public Endpoint? Pick(EndpointSet set, in PickContext context)
    {
        if (set.Count < 2)
        {
            return set.Count == 0 ? null : set[0];
        }

        var untried = context.CountUntried(set, out var avoidTried);
        return set.HasEqualWeights ? OfTwo(set, context, untried, avoidTried) : Weighted(set, context, avoidTried);
    }

    private static Endpoint OfTwo(EndpointSet set, in PickContext context, int untried, bool avoidTried)
    {
        var first = context.Random.Next(untried);
        if (untried == 1)
        {
            return Choice(set, context, first, avoidTried);
        }

        var second = context.Random.Next(untried - 1);
        second += second >= first ? 1 : 0;
        var one = Choice(set, context, first, avoidTried);
        var other = Choice(set, context, second, avoidTried);
        return other.ActiveRequests < one.ActiveRequests ? other : one;
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

    private static Endpoint Weighted(EndpointSet set, in PickContext context, bool avoidTried)
    {
        var total = 0.0;
        foreach (var endpoint in set.AsSpan())
        {
            total += Worth(endpoint, context, avoidTried);
        }

        var drawn = context.Random.NextDouble() * total;
        Endpoint? last = null;
        foreach (var endpoint in set.AsSpan())
        {
            var worth = Worth(endpoint, context, avoidTried);
            if (worth > 0)
            {
                last = endpoint;
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

    private static double Worth(Endpoint endpoint, in PickContext context, bool avoidTried) =>
        avoidTried && context.HasTried(endpoint) ? 0 : endpoint.Weight / (Math.Max(0, endpoint.ActiveRequests) + 1.0);
}
