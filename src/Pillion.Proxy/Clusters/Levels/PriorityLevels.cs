using Pillion.Core.Signals.Metrics;

namespace Pillion.Proxy.Clusters.Levels;

/// <summary>The priorities of a cluster, or of a subset of it, and how requests are divided among them now. Immutable.</summary>
internal sealed class PriorityLevels
{
    private readonly PriorityLevel[] _levels;
    private readonly bool _byHash;
    private readonly PriorityLevel? _only;

    /// <param name="byHash">A request's hash decides, so that it does not change its endpoint by chance.</param>
    public PriorityLevels(PriorityLevel[] levels, bool byHash)
    {
        _levels = levels;
        _byHash = byHash;
        _only = Array.Find(levels, level => level.Load == 100);
        Current = Union(levels);
    }

    public IReadOnlyList<PriorityLevel> All => _levels;

    /// <summary>Those that requests go to.</summary>
    public EndpointSet Current { get; }

    /// <summary>The set that the balancer chooses from; null when no endpoint may be used.</summary>
    public EndpointSet? Choose(in PickContext context, ClusterMetrics metrics)
    {
        var level = _only ?? Draw(context);
        if (level is null)
        {
            return null;
        }

        if (level.InPanic)
        {
            metrics.HealthyPanic++;
        }

        var set = level.Localities?.Choose(context.Random, metrics) ?? level.Usable;
        return context.Tried.IsEmpty || HasUntried(set, context) ? set : Untried(context) ?? set;
    }

    private PriorityLevel? Draw(in PickContext context)
    {
        var drawn = _byHash && context.HasHash ? (int)(context.Hash % 100) : context.Random.Next(100);
        foreach (var level in _levels)
        {
            drawn -= level.Load;
            if (drawn < 0)
            {
                return level;
            }
        }

        return null;
    }

    // All of the set failed this request already: another one that may be used is better than one of them again.
    private EndpointSet? Untried(in PickContext context)
    {
        foreach (var level in _levels)
        {
            if (HasUntried(level.Usable, context))
            {
                return level.Usable;
            }
        }

        return null;
    }

    private static bool HasUntried(EndpointSet set, in PickContext context)
    {
        foreach (var endpoint in set.AsSpan())
        {
            if (!context.HasTried(endpoint))
            {
                return true;
            }
        }

        return false;
    }

    private static EndpointSet Union(PriorityLevel[] levels)
    {
        var used = levels.Where(level => level.Load > 0).ToArray();
        return used.Length == 1 ? used[0].Usable : new(used.SelectMany(level => level.Usable.AsSpan().ToArray()));
    }
}
