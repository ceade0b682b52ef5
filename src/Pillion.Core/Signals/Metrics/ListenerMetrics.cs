namespace Pillion.Core.Signals.Metrics;

/// <summary>What one loop counts of one listener's connections (Envoy: listener statistics).</summary>
internal sealed class ListenerMetrics
{
    public long ConnectionsTotal;
    public long ConnectionsActive;
    public long ConnectionsDestroyed;
    public long ConnectionsRefused;
    public long AcceptErrors;

    public static IEnumerable<Metric<ListenerMetrics>> All { get; } =
    [
        Metric<ListenerMetrics>.Counter("downstream_cx_total", "Connections accepted", m => Volatile.Read(ref m.ConnectionsTotal)),
        Metric<ListenerMetrics>.Gauge("downstream_cx_active", "Connections open now", m => Volatile.Read(ref m.ConnectionsActive)),
        Metric<ListenerMetrics>.Counter("downstream_cx_destroy", "Connections closed", m => Volatile.Read(ref m.ConnectionsDestroyed)),
        Metric<ListenerMetrics>.Counter("downstream_cx_overflow", "Connections refused because the listener was at its limit", m => Volatile.Read(ref m.ConnectionsRefused)),
        new() { Name = "accept_error", Kind = MetricKind.Counter, Help = "Connections the system could not hand over", Value = m => Volatile.Read(ref m.AcceptErrors), IsEnvoys = false },
    ];
}
