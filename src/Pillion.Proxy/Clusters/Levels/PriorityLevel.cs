namespace Pillion.Proxy.Clusters.Levels;

/// <summary>The endpoints of one priority that requests go to now, in one set, or by locality.</summary>
internal sealed class PriorityLevel
{
    public required int Priority { get; init; }

    /// <summary>In per cent of the requests of its cluster or subset.</summary>
    public required int Load { get; init; }

    /// <summary>Too few of its endpoints may be used, so all are.</summary>
    public bool InPanic { get; init; }

    /// <summary>All that may be used.</summary>
    public required EndpointSet Usable { get; init; }

    /// <summary>Null: localities do not matter.</summary>
    public LocalityChoice? Localities { get; init; }
}
