namespace Pillion.Proxy.Clusters.Balancing;

/// <summary>Any of them, in proportion to the weights. (Envoy's RANDOM looks at no weights: without any, both are the same.)</summary>
internal sealed class RandomChoice : IBalancer
{
    public Endpoint? Pick(EndpointSet set, in PickContext context)
    {
        if (set.Count < 2)
        {
            return set.Count == 0 ? null : set[0];
        }

        context.CountUntried(set, out var avoidTried);
        return set[set.Draw(context, avoidTried)];
    }
}
