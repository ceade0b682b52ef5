namespace Pillion.Proxy.Clusters.Dns;

internal enum ResolutionEvent
{
    /// <summary>The endpoints are others now.</summary>
    Changed,

    /// <summary>The first failure after a good answer, or at the start; repeated failures are not reported again.</summary>
    Failed,

    /// <summary>The first good answer after a failure.</summary>
    Recovered,
}

/// <summary>What happened to a name, worth a log line.</summary>
/// <param name="Detail">The error of a failure; the addresses otherwise.</param>
internal readonly record struct ResolutionReport(string Cluster, string Name, ResolutionEvent Event, string Detail);
