namespace Pillion.Admin;

/// <summary>A cluster as <c>/clusters</c> shows it.</summary>
internal sealed record ClusterView(string Name, string Discovery, string Balancer, IReadOnlyList<EndpointView> Endpoints)
{
    /// <summary>Why the newest lookup or update failed, or null.</summary>
    public string? Problem { get; init; }
}

/// <summary>An endpoint of a cluster.</summary>
internal sealed record EndpointView(string Address, int Weight, bool IsHealthy, long ActiveRequests);
