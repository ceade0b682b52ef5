namespace Pillion.Proxy.Clusters;

/// <summary>What a balancer may know of a request: the endpoints already tried, and the loop's chance.</summary>
internal readonly ref struct PickContext(ReadOnlySpan<Endpoint> tried, Random random)
{
    public readonly ReadOnlySpan<Endpoint> Tried = tried;
    public readonly Random Random = random;

    public bool HasTried(Endpoint endpoint)
    {
        foreach (var tried in Tried)
        {
            if (ReferenceEquals(tried, endpoint))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>How many endpoints of a set were not tried yet; all of them when all were, because trying one again is better than none.</summary>
    public int CountUntried(EndpointSet set, out bool avoidTried)
    {
        var untried = set.Count;
        if (!Tried.IsEmpty)
        {
            foreach (var endpoint in set.AsSpan())
            {
                untried -= HasTried(endpoint) ? 1 : 0;
            }
        }

        avoidTried = untried > 0 && untried < set.Count;
        return untried > 0 ? untried : set.Count;
    }
}
