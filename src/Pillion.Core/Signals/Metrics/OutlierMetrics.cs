namespace Pillion.Core.Signals.Metrics;

/// <summary>What outlier detection counts of one cluster; one loop writes (Envoy: outlier_detection statistics).</summary>
internal sealed class OutlierMetrics
{
    /// <summary>Envoy's names for the reasons; their places are those of the arrays.</summary>
    public static readonly string[] Names =
    [
        "consecutive_5xx", "consecutive_gateway_failure", "consecutive_local_origin_failure",
        "success_rate", "local_origin_success_rate", "failure_percentage", "local_origin_failure_percentage",
    ];

    public readonly long[] Detected = new long[Names.Length];
    public readonly long[] Enforced = new long[Names.Length];

    /// <summary>Endpoints that are ejected now.</summary>
    public long Active;

    /// <summary>Ejections not made because so many are out already.</summary>
    public long Overflow;

    public static IEnumerable<Metric<TCells>> For<TCells>(Func<TCells, OutlierMetrics> cells) =>
    [
        Metric<TCells>.Gauge("outlier_detection_ejections_active", "Endpoints that are ejected as outliers now", m => Volatile.Read(ref cells(m).Active)) with { DottedName = "outlier_detection.ejections_active" },
        Metric<TCells>.Counter("outlier_detection_ejections_enforced_total", "Endpoints that were ejected", m => cells(m).Enforced.Sum()) with { DottedName = "outlier_detection.ejections_enforced_total" },
        Metric<TCells>.Counter("outlier_detection_ejections_overflow", "Endpoints that stayed because max_ejection_percent of them are ejected already", m => Volatile.Read(ref cells(m).Overflow)) with { DottedName = "outlier_detection.ejections_overflow" },
        .. Names.Select((name, i) => Metric<TCells>.Counter($"outlier_detection_ejections_detected_{name}", $"Outliers found by {name}, ejected or not", m => Volatile.Read(ref cells(m).Detected[i])) with { DottedName = $"outlier_detection.ejections_detected_{name}" }),
        .. Names.Select((name, i) => Metric<TCells>.Counter($"outlier_detection_ejections_enforced_{name}", $"Endpoints ejected by {name}", m => Volatile.Read(ref cells(m).Enforced[i])) with { DottedName = $"outlier_detection.ejections_enforced_{name}" }),
    ];
}
