using Pillion.Core.Configuration;
using Pillion.Core.Signals.Otlp;

namespace Pillion.Proxy.Configuration;

/// <summary>What the user wrote about the proxy role, whichever file format it came from.</summary>
internal sealed record ProxyConfig
{
    public ValueList<ListenerConfig> Listeners { get; init; } = [];

    public ValueList<ClusterConfig> Clusters { get; init; } = [];

    /// <summary>Collectors that metrics are sent to (Envoy: stats_sinks).</summary>
    public ValueList<OtlpConfig> MetricSinks { get; init; } = [];
}
