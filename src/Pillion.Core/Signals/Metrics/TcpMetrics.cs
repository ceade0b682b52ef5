using static Pillion.Core.Signals.Metrics.Metric<Pillion.Core.Signals.Metrics.TcpMetrics>;

namespace Pillion.Core.Signals.Metrics;

/// <summary>What one loop counts of the connections relayed under one stat prefix (Envoy: TCP proxy statistics). Connections are counted by who takes them, bytes and ends by the relay.</summary>
internal sealed class TcpMetrics
{
    /// <summary>Ended connections by who ended them, and how.</summary>
    public readonly LabelledCounts Ends = new(16);

    public long ConnectionsTotal;
    public long ConnectionsActive;
    public long NoRoute;
    public long BytesReceived;
    public long BytesSent;
    public long PausedReading;
    public long ResumedReading;
    public long IdleTimeouts;
    public long MaxDurations;

    public static IEnumerable<Metric<TcpMetrics>> All { get; } =
    [
        Counter("downstream_cx_total", "Connections taken to be relayed", m => Volatile.Read(ref m.ConnectionsTotal)),
        Gauge("downstream_cx_active", "Connections being relayed now", m => Volatile.Read(ref m.ConnectionsActive)) with { IsEnvoys = false },
        Counter("downstream_cx_no_route", "Connections for which there was no cluster", m => Volatile.Read(ref m.NoRoute)),
        Counter("downstream_cx_rx_bytes_total", "Bytes received from clients", m => Volatile.Read(ref m.BytesReceived)),
        Counter("downstream_cx_tx_bytes_total", "Bytes sent to clients", m => Volatile.Read(ref m.BytesSent)),
        Counter("downstream_flow_control_paused_reading_total", "Times that a client was not read because its upstream was slower", m => Volatile.Read(ref m.PausedReading)),
        Counter("downstream_flow_control_resumed_reading_total", "Times that a client was read again after that", m => Volatile.Read(ref m.ResumedReading)),
        Counter("idle_timeout", "Connections closed because nothing moved", m => Volatile.Read(ref m.IdleTimeouts)),
        Counter("max_downstream_connection_duration", "Connections closed because they had lasted as long as one may", m => Volatile.Read(ref m.MaxDurations)),
        ByWord("downstream_cx_end", "reason", "Connections ended, by who ended them and how", m => m.Ends),
    ];
}
