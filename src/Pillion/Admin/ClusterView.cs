namespace Pillion.Admin;

/// <summary>A cluster as <c>/clusters</c> shows it.</summary>
internal sealed record ClusterView(string Name, string Discovery, string Balancer, IReadOnlyList<EndpointView> Endpoints)
{
    /// <summary>Why the newest lookup or update failed, or null.</summary>
    public string? Problem { get; init; }

    public IReadOnlyList<PriorityView> Priorities { get; init; } = [];
}

/// <summary>What a priority of a cluster gets now.</summary>
/// <param name="Load">In per cent of the requests.</param>
/// <param name="InPanic">Too few of its endpoints may be used, so all are.</param>
internal sealed record PriorityView(int Priority, int Load, bool InPanic);

/// <summary>An endpoint of a cluster.</summary>
internal sealed record EndpointView(string Address, int Weight, bool IsHealthy, long ActiveRequests)
{
    public int Priority { get; init; }

    /// <summary>Empty where the configuration says none.</summary>
    public string Locality { get; init; } = "";

    public string Labels { get; init; } = "";

    /// <summary>Its places on the ring or in the table of a balancer that goes by a hash.</summary>
    public int? Places { get; init; }
}
