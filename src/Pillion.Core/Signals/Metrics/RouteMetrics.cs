namespace Pillion.Core.Signals.Metrics;

/// <summary>What one loop counts of one route.</summary>
internal sealed class RouteMetrics : RedCounts
{
    public static IEnumerable<Metric<RouteMetrics>> All { get; } = [.. For<RouteMetrics>("of the route")];
}
