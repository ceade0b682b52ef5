using Pillion.Core.Configuration;

namespace Pillion.Proxy.Configuration;

/// <summary>How an endpoint is asked.</summary>
internal enum HealthCheckKind
{
    /// <summary><c>grpc.health.v1.Health/Check</c> (Envoy: grpc_health_check).</summary>
    Grpc,

    /// <summary>A request whose status tells (Envoy: http_health_check).</summary>
    Http,

    /// <summary>A connection, and what is said on it (Envoy: tcp_health_check).</summary>
    Tcp,
}

/// <summary>Statuses, both ends included.</summary>
internal readonly record struct StatusRange(int First, int Last)
{
    public bool Contains(int status) => status >= First && status <= Last;
}

/// <summary>A field that a check sends.</summary>
internal sealed record HealthCheckHeader(string Name, string Value);

/// <summary>An active check of each endpoint of a cluster (Envoy: HealthCheck).</summary>
internal sealed record HealthCheckConfig
{
    public HealthCheckKind Kind { get; init; }

    /// <summary>The service that is asked about by gRPC; empty is the server as a whole.</summary>
    public string GrpcService { get; init; } = "";

    /// <summary>The authority, or Host, that is asked; null is the cluster's name (Envoy: authority, host).</summary>
    public string? Authority { get; init; }

    public string Path { get; init; } = "/";

    public string Method { get; init; } = "GET";

    /// <summary>Statuses of an endpoint that serves (Envoy: expected_statuses, 200).</summary>
    public ValueList<StatusRange> ExpectedStatuses { get; init; } = [new(200, 200)];

    /// <summary>Statuses that count as one failure; any other one takes the endpoint out at once (Envoy: retriable_statuses).</summary>
    public ValueList<StatusRange> RetriableStatuses { get; init; } = [];

    public ValueList<HealthCheckHeader> Headers { get; init; } = [];

    /// <summary>Bytes sent on a connection, in hex; empty only connects (Envoy: send).</summary>
    public string Send { get; init; } = "";

    /// <summary>Bytes that must come, in hex, each behind the one before, with others between them or not (Envoy: receive).</summary>
    public ValueList<string> Receive { get; init; } = [];

    /// <summary>Between two checks of an endpoint.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Of an endpoint that fails its checks; null is <see cref="Interval"/>.</summary>
    public TimeSpan? UnhealthyInterval { get; init; }

    /// <summary>Behind a first failure that does not take it out yet; null is <see cref="UnhealthyInterval"/>.</summary>
    public TimeSpan? UnhealthyEdgeInterval { get; init; }

    /// <summary>Behind a first success that does not take it back yet; null is <see cref="Interval"/>.</summary>
    public TimeSpan? HealthyEdgeInterval { get; init; }

    /// <summary>While no request has used the cluster (Envoy: no_traffic_interval, 60 s).</summary>
    public TimeSpan NoTrafficInterval { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>The same for an endpoint that passes; null is <see cref="NoTrafficInterval"/>.</summary>
    public TimeSpan? NoTrafficHealthyInterval { get; init; }

    /// <summary>The first check of an endpoint comes up to so much later.</summary>
    public TimeSpan InitialJitter { get; init; }

    /// <summary>Up to so much is added to each interval.</summary>
    public TimeSpan IntervalJitter { get; init; }

    /// <summary>Up to this share of the interval is added to it too, in per cent.</summary>
    public double IntervalJitterPercent { get; init; }

    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>Checks that must fail in a row before an endpoint is taken out.</summary>
    public int UnhealthyThreshold { get; init; } = 2;

    /// <summary>Checks that must succeed in a row before it is taken back; the first check of all needs only one.</summary>
    public int HealthyThreshold { get; init; } = 2;

    /// <summary>Checks use the cluster's connections; else each makes its own (Envoy: reuse_connection).</summary>
    public bool ReuseConnection { get; init; } = true;

    /// <summary>Say each failure, not only those that change something.</summary>
    public bool AlwaysLogFailures { get; init; }

    public SourceLine Source { get; init; }
}
