namespace Pillion.Core.Signals.Metrics;

/// <summary>What one loop counts of the requests of one caller that proved who it is.</summary>
internal sealed class PeerMetrics : RedCounts
{
    public static IEnumerable<Metric<PeerMetrics>> All { get; } = [.. For<PeerMetrics>("of the caller")];
}
