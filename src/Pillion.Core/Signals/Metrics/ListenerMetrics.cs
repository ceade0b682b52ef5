namespace Pillion.Core.Signals.Metrics;

/// <summary>What one loop counts of one listener's connections (Envoy: listener statistics).</summary>
internal sealed class ListenerMetrics
{
    public long ConnectionsTotal;
    public long ConnectionsActive;
    public long ConnectionsDestroyed;
    public long ConnectionsRefused;
    public long AcceptErrors;
    public long NoChain;
    public long TlsHandshakes;
    public long TlsResumed;
    public long TlsFailures;
    public long Plaintext;

    /// <summary>TLS handshakes that failed, by the word of their reason.</summary>
    public readonly LabelledCounts TlsRefusals = new(32);

    /// <summary>Connections refused by their first bytes, by reason.</summary>
    public readonly LabelledCounts Refusals = new(16);

    public static IEnumerable<Metric<ListenerMetrics>> All { get; } =
    [
        Metric<ListenerMetrics>.Counter("downstream_cx_total", "Connections accepted", m => Volatile.Read(ref m.ConnectionsTotal)),
        Metric<ListenerMetrics>.Gauge("downstream_cx_active", "Connections open now", m => Volatile.Read(ref m.ConnectionsActive)),
        Metric<ListenerMetrics>.Counter("downstream_cx_destroy", "Connections closed", m => Volatile.Read(ref m.ConnectionsDestroyed)),
        Metric<ListenerMetrics>.Counter("downstream_cx_overflow", "Connections refused because the listener was at its limit", m => Volatile.Read(ref m.ConnectionsRefused)),
        Metric<ListenerMetrics>.Counter("no_filter_chain_match", "Connections that no filter chain takes", m => Volatile.Read(ref m.NoChain)),
        Metric<ListenerMetrics>.Counter("ssl_handshake", "TLS handshakes that succeeded", m => Volatile.Read(ref m.TlsHandshakes)) with { OwnName = "tls_handshake_total" },
        Metric<ListenerMetrics>.Counter("ssl_session_reused", "TLS handshakes that resumed a session", m => Volatile.Read(ref m.TlsResumed)) with { OwnName = "tls_session_resumed_total" },
        Metric<ListenerMetrics>.Counter("ssl_connection_error", "TLS handshakes that failed", m => Volatile.Read(ref m.TlsFailures)) with { OwnName = "tls_failure_total" },
        Metric<ListenerMetrics>.ByWord("tls_refusal", "reason", "TLS handshakes that failed, by reason", m => m.TlsRefusals) with { IsEnvoys = false },
        Metric<ListenerMetrics>.ByWord("downstream_cx_refused", "reason", "Connections refused by their first bytes, by reason", m => m.Refusals) with { IsEnvoys = false },
        Metric<ListenerMetrics>.Counter("plaintext_cx", "Connections in the clear where mutual TLS is permissive", m => Volatile.Read(ref m.Plaintext)) with { IsEnvoys = false },
        new() { Name = "accept_error", Kind = MetricKind.Counter, Help = "Connections the system could not hand over", Value = m => Volatile.Read(ref m.AcceptErrors), IsEnvoys = false },
    ];
}
