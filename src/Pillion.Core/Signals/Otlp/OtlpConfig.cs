using Pillion.Core.Configuration;

namespace Pillion.Core.Signals.Otlp;

/// <summary>A collector as the user wrote it: where it is, how it is spoken to, and what is said of ourselves. Equal ones share one exporter.</summary>
internal sealed record OtlpConfig
{
    /// <summary>The cluster that the collector is reached through, with its TLS, discovery and metrics.</summary>
    public required string Cluster { get; init; }

    public OtlpProtocol Protocol { get; init; }

    /// <summary>Host or :authority; null is the cluster's name.</summary>
    public string? Authority { get; init; }

    /// <summary>The whole path of POSTs, where it is not OTLP's own (<c>/v1/traces</c>); HTTP only.</summary>
    public string? Path { get; init; }

    /// <summary>What stands before OTLP's own path; HTTP only.</summary>
    public string PathPrefix { get; init; } = "";

    /// <summary>Sent with each batch, such as an API key.</summary>
    public ValueList<KeyValuePair<string, string>> Headers { get; init; } = [];

    /// <summary>For one batch, connecting included (OTLP: 10 s).</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(10);

    public bool Gzip { get; init; }

    /// <summary><c>service.name</c>.</summary>
    public string ServiceName { get; init; } = "unknown_service:pillion";

    /// <summary>Further attributes of the resource.</summary>
    public ValueList<KeyValuePair<string, string>> Resource { get; init; } = [];

    /// <summary>The longest that a span or log record waits for its batch to fill (OTLP SDKs: 5 s).</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Spans that may wait, over all loops (OTLP SDKs: 2,048).</summary>
    public int Queue { get; init; } = 2048;

    /// <summary>Metrics are sent so often; zero is never (OTLP SDKs: 60 s).</summary>
    public TimeSpan MetricsInterval { get; init; }

    /// <summary>Envoy's names of metrics, in dots.</summary>
    public bool EnvoyNames { get; init; }

    /// <summary>What stands before Envoy's names.</summary>
    public string MetricsPrefix { get; init; } = "";

    public SourceLine Source { get; init; }
}
