namespace Pillion.Watching;

/// <summary>One line of <c>pillion top</c>: what happened since the line before it.</summary>
internal sealed record TrafficRow
{
    public required string Name { get; init; }

    /// <summary>The listener, where routes of several may have the same name.</summary>
    public string Listener { get; init; } = "";

    public double RequestsPerSecond { get; init; }

    public long Requests { get; init; }

    public long Failures { get; init; }

    /// <summary>Under way now; null where that is not counted.</summary>
    public long? Active { get; init; }

    public double P50Millis { get; init; }

    public double P99Millis { get; init; }

    public long Received { get; init; }

    public long Sent { get; init; }

    public long Retries { get; init; }

    public DateTime? LastFailureAt { get; init; }

    public string LastFailure { get; init; } = "";
}
