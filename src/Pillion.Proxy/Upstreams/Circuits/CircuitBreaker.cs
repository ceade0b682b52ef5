using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Pillion.Core.Resilience;
using Pillion.Proxy.Clusters;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Retries;

namespace Pillion.Proxy.Upstreams.Circuits;

/// <summary>What a cluster takes at the same time of the requests of one priority, on all loops together, and who waits for it.</summary>
internal sealed class CircuitBreaker
{
    // Forgets an endpoint that nothing else remembers.
    private readonly ConditionalWeakTable<Endpoint, CircuitLimit> _endpoints = [];
    private readonly LimitConfig _perEndpoint;

    public CircuitBreaker(ClusterConfig cluster, RoutePriority priority, ILogger logger)
    {
        var config = priority == RoutePriority.High ? cluster.HighCircuits : cluster.DefaultCircuits;
        Priority = priority;
        Retries = new RetryBudget(config.RetryBudgetPercent ?? cluster.RetryBudgetPercent, config.MinRetryConcurrency ?? cluster.MinRetryConcurrency, config.MaxRetries);
        Limits = new CircuitLimits
        {
            Connections = new CircuitLimit("max_connections", config.MaxConnections.Most, config.MaxConnections.Source),
            Pending = new CircuitLimit("max_pending_requests", config.MaxPending.Most, config.MaxPending.Source),
            Requests = new CircuitLimit("max_requests", config.MaxRequests.Most, config.MaxRequests.Source),
            RetriesLeft = () => Retries.Remaining,
            TracksRemaining = config.TrackRemaining,
        };
        _perEndpoint = config.MaxConnectionsPerEndpoint;
        Queue = new ConnectionQueue(cluster.Name, config, Limits, logger);
    }

    public RoutePriority Priority { get; }

    public CircuitLimits Limits { get; }

    public RetryBudget Retries { get; }

    /// <summary>The requests that wait for a connection because there may be no more of them.</summary>
    public ConnectionQueue Queue { get; }

    /// <summary>The connections to one endpoint; null where they are not limited.</summary>
    public CircuitLimit? ConnectionsTo(Endpoint endpoint) =>
        _perEndpoint.Most == int.MaxValue ? null : _endpoints.GetValue(endpoint, _ => new CircuitLimit("max_connections_per_endpoint", _perEndpoint.Most, _perEndpoint.Source));
}
