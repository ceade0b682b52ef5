namespace Pillion.Core.Signals.Metrics;

/// <summary>All series of one metric at one moment, with its names in every naming (docs/decisions/2026-11-23-metric-names.md).</summary>
internal sealed class MetricFamily
{
    /// <summary>Listener, http, cluster, ….</summary>
    public required MetricScope Scope { get; init; }

    public required string Name { get; init; }

    public required MetricKind Kind { get; init; }

    public required string Help { get; init; }

    public string? OwnName { get; init; }

    public bool IsEnvoys { get; init; }

    /// <summary>The label beside the scope's own, if any.</summary>
    public string? Label { get; init; }

    public List<MetricSeries> Series { get; } = [];

    /// <summary>The name in the Prometheus format. Pillion's own follows the Prometheus rules (counters end in _total, durations are seconds); Envoy's does not.</summary>
    public string PrometheusName(MetricNaming naming) =>
        naming == MetricNaming.Envoy && IsEnvoys ? $"envoy_{Scope.Name}_{Name}" :
        OwnName is not null ? Scope.OwnPrefix + OwnName :
        Kind switch
        {
            MetricKind.Counter when !Name.EndsWith("_total", StringComparison.Ordinal) => $"{Scope.OwnPrefix}{Name}_total",
            MetricKind.Histogram when Name.EndsWith("_time", StringComparison.Ordinal) => $"{Scope.OwnPrefix}{Name[..^5]}_duration_seconds",
            MetricKind.Histogram => $"{Scope.OwnPrefix}{Name}_seconds",
            _ => Scope.OwnPrefix + Name,
        };
}
