namespace Pillion.Core.Signals.Metrics;

/// <summary>Whose names a scrape is answered with.</summary>
internal enum MetricNaming : byte
{
    /// <summary><c>pillion_cluster_upstream_rq_total{cluster="orders"}</c>, durations in seconds; passes <c>promtool check metrics</c>.</summary>
    Pillion,

    /// <summary><c>envoy_cluster_upstream_rq_total{envoy_cluster_name="orders"}</c>, durations in milliseconds, for dashboards that exist.</summary>
    Envoy,
}
