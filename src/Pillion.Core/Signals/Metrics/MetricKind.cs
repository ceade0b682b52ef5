namespace Pillion.Core.Signals.Metrics;

internal enum MetricKind : byte
{
    /// <summary>Only grows.</summary>
    Counter,

    Gauge,

    /// <summary>A distribution of durations.</summary>
    Histogram,
}
