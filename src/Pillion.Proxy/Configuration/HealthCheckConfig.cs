using Pillion.Core.Configuration;

namespace Pillion.Proxy.Configuration;

/// <summary>An active check of each endpoint by the gRPC health protocol, <c>grpc.health.v1.Health/Check</c> (Envoy: HealthCheck with grpc_health_check).</summary>
internal sealed record HealthCheckConfig
{
    /// <summary>The service that is asked about; empty is the server as a whole.</summary>
    public string GrpcService { get; init; } = "";

    /// <summary>The authority that is asked; null is the cluster's name (Envoy: authority).</summary>
    public string? Authority { get; init; }

    /// <summary>Between two checks of an endpoint.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(10);

    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>Checks that must fail in a row before an endpoint is taken out.</summary>
    public int UnhealthyThreshold { get; init; } = 2;

    /// <summary>Checks that must succeed in a row before it is taken back; the first check of all needs only one.</summary>
    public int HealthyThreshold { get; init; } = 2;

    public SourceLine Source { get; init; }
}
