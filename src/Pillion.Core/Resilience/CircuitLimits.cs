namespace Pillion.Core.Resilience;

/// <summary>The limits of one cluster for one routing priority while it runs (Envoy: circuit_breakers.thresholds).</summary>
internal sealed class CircuitLimits
{
    private volatile bool _isFailingFast;

    public required CircuitLimit Connections { get; init; }

    /// <summary>Requests that wait for a connection.</summary>
    public required CircuitLimit Pending { get; init; }

    public required CircuitLimit Requests { get; init; }

    /// <summary>How many retries may still begin now.</summary>
    public required Func<int> RetriesLeft { get; init; }

    /// <summary>The gauges of what is left are kept (Envoy: track_remaining).</summary>
    public bool TracksRemaining { get; init; }

    /// <summary>The queue for a connection did not move: who would have to wait is refused at once.</summary>
    public bool IsFailingFast
    {
        get => _isFailingFast;
        set => _isFailingFast = value;
    }
}
