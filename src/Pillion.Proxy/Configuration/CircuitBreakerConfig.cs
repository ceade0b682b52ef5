using Pillion.Core.Configuration;

namespace Pillion.Proxy.Configuration;

/// <summary>A number and the line that it came from.</summary>
internal readonly record struct LimitConfig(int Most, SourceLine Source = default);

/// <summary>What one cluster takes at the same time, of the requests of one priority (Envoy: circuit_breakers.thresholds).</summary>
internal sealed record CircuitBreakerConfig
{
    /// <summary>Connections to all endpoints, idle ones included (Envoy: max_connections, 1024).</summary>
    public LimitConfig MaxConnections { get; init; } = new(1024);

    /// <summary>Connections to each endpoint (Envoy: per_host_thresholds.max_connections, no limit).</summary>
    public LimitConfig MaxConnectionsPerEndpoint { get; init; } = new(int.MaxValue);

    /// <summary>Requests that wait for a connection (Envoy: max_pending_requests, 1024).</summary>
    public LimitConfig MaxPending { get; init; } = new(1024);

    /// <summary>Requests being served by the endpoints (Envoy: max_requests, 1024).</summary>
    public LimitConfig MaxRequests { get; init; } = new(1024);

    /// <summary>Retries at the same time; null where a budget says how many (Envoy: max_retries, 3).</summary>
    public int? MaxRetries { get; init; }

    /// <summary>Share of the active requests that may be retries, in per cent; null is the cluster's (Envoy: retry_budget).</summary>
    public double? RetryBudgetPercent { get; init; }

    public int? MinRetryConcurrency { get; init; }

    /// <summary>How long a request waits when the limit of connections is reached; when nobody came through for so long, nobody is let into the queue. Zero is as long as the request itself may take (as in Envoy).</summary>
    public TimeSpan QueueTimeout { get; init; }

    public SourceLine QueueSource { get; init; }

    /// <summary>Metrics say what is left of each limit (Envoy: track_remaining, off).</summary>
    public bool TrackRemaining { get; init; }
}
