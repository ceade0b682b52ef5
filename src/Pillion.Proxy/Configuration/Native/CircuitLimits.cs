using Pillion.Core.Configuration.Reading;

namespace Pillion.Proxy.Configuration.Native;

/// <summary><c>limits: { max_connections: 100, …, high: { … } }</c> of a service or the application.</summary>
internal static class CircuitLimits
{
    // As Linkerd: who waited for so long is better told that there is no room.
    private static readonly CircuitBreakerConfig Usual = new() { QueueTimeout = TimeSpan.FromSeconds(3), TrackRemaining = true };

    public static ClusterConfig Read(ConfigValue value, ClusterConfig cluster)
    {
        using var map = value.AsMap("limits");
        var usual = ReadOne(map, Usual);
        var high = map.Optional("high", "The limits of requests with `priority: high`, which have connections of their own. When absent, as many as these.");
        using var others = high.AsMap("limits of high priority");
        return cluster with { DefaultCircuits = usual, HighCircuits = ReadOne(others, usual) };
    }

    private static CircuitBreakerConfig ReadOne(ConfigMap map, CircuitBreakerConfig usual)
    {
        var retries = map.Optional("max_retries", "Retries at the same time, in place of the budget of `retries`, which grows with the requests.");
        var timeout = map.Optional("queue_timeout", "How long a request waits when max_connections is reached. When nobody came through for so long, nobody else waits until a connection becomes free; 0s waits as long as the request may take.");
        return usual with
        {
            MaxConnections = ReadLimit(map.Optional("max_connections", "Connections to all endpoints together, idle ones included; above it requests wait, idle connections make room."), usual.MaxConnections),
            MaxConnectionsPerEndpoint = ReadOptional(map.Optional("max_connections_per_endpoint", "Connections to each endpoint; not limited when absent."), usual.MaxConnectionsPerEndpoint),
            MaxPending = ReadLimit(map.Optional("max_pending_requests", "Requests, or connections of bytes, that wait for a connection."), usual.MaxPending),
            MaxRequests = ReadLimit(map.Optional("max_requests", "Requests that the endpoints are working on."), usual.MaxRequests),
            MaxRetries = retries.AsIntOrNull() ?? usual.MaxRetries,
            QueueTimeout = timeout.AsDuration(usual.QueueTimeout),
            QueueSource = timeout.Exists ? timeout.Source : usual.QueueSource,
        };
    }

    private static LimitConfig ReadLimit(ConfigValue value, LimitConfig usual) => value.Exists || value.IsDescribing ? new(value.AsInt(usual.Most, 1), value.Source) : usual;

    private static LimitConfig ReadOptional(ConfigValue value, LimitConfig usual) => value.AsIntOrNull(1) is { } most ? new(most, value.Source) : usual;
}
