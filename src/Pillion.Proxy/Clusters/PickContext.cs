using System.Runtime.CompilerServices;

namespace Pillion.Proxy.Clusters;

/// <summary>What a balancer may know of a request: the endpoints already tried, and the loop's chance.</summary>
internal struct PickContext(LoopRandom random)
{
    public const int MaxTried = 6;

    private TriedArray _tried;

    public readonly LoopRandom Random => random;

    public int TriedCount { get; private set; }

    /// <summary>Says that an endpoint was tried; of more than <see cref="MaxTried"/>, the later ones are not remembered.</summary>
    public void AddTried(Endpoint endpoint)
    {
        if (TriedCount < MaxTried)
        {
            _tried[TriedCount++] = endpoint;
        }
    }

    public readonly bool HasTried(Endpoint endpoint)
    {
        for (var i = 0; i < TriedCount; i++)
        {
            if (ReferenceEquals(_tried[i], endpoint))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>How many endpoints of a set were not tried yet; all of them when all were, because trying one again is better than none.</summary>
    public readonly int CountUntried(EndpointSet set, out bool avoidTried)
    {
        var untried = set.Count;
        if (TriedCount > 0)
        {
            foreach (var endpoint in set.AsSpan())
            {
                untried -= HasTried(endpoint) ? 1 : 0;
            }
        }

        avoidTried = untried > 0 && untried < set.Count;
        return untried > 0 ? untried : set.Count;
    }

    [InlineArray(MaxTried)]
    private struct TriedArray
    {
        private Endpoint? _first;
    }
}
