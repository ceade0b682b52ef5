namespace Pillion.Proxy.Clusters;

/// <summary>What a balancer may know of a request: the endpoints already tried, the loop's chance, the time, and what the request hashes to.</summary>
internal readonly ref struct PickContext(ReadOnlySpan<Endpoint> tried, Random random)
{
    public readonly ReadOnlySpan<Endpoint> Tried = tried;
    public readonly Random Random = random;

    /// <summary>In milliseconds of <see cref="ClusterEndpoints.Now"/>.</summary>
    public long Now { get; init; }

    /// <summary>Requests with the same hash go to the same endpoint where the balancer goes by it.</summary>
    public ulong Hash { get; init; }

    /// <summary>There is a <see cref="Hash"/>; else chance stands for it.</summary>
    public bool HasHash { get; init; }

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
