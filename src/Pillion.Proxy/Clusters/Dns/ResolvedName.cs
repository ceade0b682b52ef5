namespace Pillion.Proxy.Clusters.Dns;

/// <summary>A name that a cluster needs, and how its lookups went; written by its refresh alone, read by the admin pages.</summary>
/// <param name="name">The name as configured.</param>
/// <param name="index">Its place among the cluster's configured endpoints.</param>
internal sealed class ResolvedName(string name, int index)
{
    private volatile ResolutionState _state = new(null, null, 0, 0);

    public string Name { get; } = name;

    public int Index { get; } = index;

    public ResolutionState State
    {
        get => _state;
        set => _state = value;
    }
}

/// <param name="AnsweredAt">When the last good answer came; null before the first.</param>
/// <param name="Error">Why the newest lookup failed; null when it did not. The last good answer stays in use.</param>
/// <param name="Lookups">All lookups so far.</param>
/// <param name="Failures">Those of them that failed.</param>
internal sealed record ResolutionState(DateTimeOffset? AnsweredAt, string? Error, long Lookups, long Failures);
