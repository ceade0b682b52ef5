using System.Text.Json;
using Pillion.Net.Http.Http1;
using static Pillion.Core.Signals.Metrics.Metric<Pillion.Core.Signals.Metrics.HttpMetrics>;

namespace Pillion.Core.Signals.Metrics;

/// <summary>What one loop counts of the HTTP served under one stat prefix (Envoy: HTTP connection manager statistics).</summary>
internal sealed class HttpMetrics
{
    public readonly StatusClasses Statuses = new();
    public readonly DurationHistogram Duration = new();

    /// <summary>Rules of HTTP that a request broke, by rule; room for every rule there is.</summary>
    public readonly LabelledCounts Violations = new(ViolationWords.Length + 1);

    /// <summary>Failed requests by <see cref="Resilience.FailureKind"/>; see <see cref="CountFinished"/>.</summary>
    public readonly LabelledCounts Failures = new();

    private static readonly string[] ViolationWords = [.. Enum.GetNames<HttpViolation>().Select(JsonNamingPolicy.SnakeCaseLower.ConvertName)];

    public long ConnectionsTotal;
    public long ConnectionsHttp1;
    public long ConnectionsHttp2;
    public long ConnectionsActive;
    public long ConnectionsDestroyed;
    public long ConnectionsIdleTimeout;
    public long ConnectionsDrainClose;
    public long ProtocolErrors;
    public long UpgradesTotal;
    public long UpgradesActive;
    public long BytesReceived;
    public long BytesSent;
    public long RequestsTotal;
    public long RequestsHttp1;
    public long RequestsHttp2;
    public long RequestsActive;
    public long RequestsReset;
    public long RequestTimeouts;
    public long HeadTimeouts;
    public long IdleTimeouts;
    public long TooLarge;
    public long NoRoute;
    public long NoCluster;
    public long DirectResponses;
    public long Redirects;

    public static IEnumerable<Metric<HttpMetrics>> All { get; } =
    [
        Counter("downstream_cx_total", "Connections that spoke HTTP", m => Volatile.Read(ref m.ConnectionsTotal)),
        Counter("downstream_cx_http1_total", "Connections that spoke HTTP/1", m => Volatile.Read(ref m.ConnectionsHttp1)),
        Counter("downstream_cx_http2_total", "Connections that spoke HTTP/2", m => Volatile.Read(ref m.ConnectionsHttp2)),
        Gauge("downstream_cx_active", "Connections open now", m => Volatile.Read(ref m.ConnectionsActive)),
        Counter("downstream_cx_destroy", "Connections closed", m => Volatile.Read(ref m.ConnectionsDestroyed)),
        Counter("downstream_cx_idle_timeout", "Connections closed because no request came", m => Volatile.Read(ref m.ConnectionsIdleTimeout)),
        Counter("downstream_cx_drain_close", "Connections closed because Pillion was draining", m => Volatile.Read(ref m.ConnectionsDrainClose)),
        Counter("downstream_cx_protocol_error", "Connections closed because a client did not speak acceptable HTTP", m => Volatile.Read(ref m.ProtocolErrors)),
        Counter("downstream_cx_upgrades_total", "Connections that were upgraded or became a tunnel", m => Volatile.Read(ref m.UpgradesTotal)),
        Gauge("downstream_cx_upgrades_active", "Upgraded connections and tunnels open now", m => Volatile.Read(ref m.UpgradesActive)),
        Counter("downstream_cx_rx_bytes_total", "Bytes received from clients", m => Volatile.Read(ref m.BytesReceived)),
        Counter("downstream_cx_tx_bytes_total", "Bytes sent to clients", m => Volatile.Read(ref m.BytesSent)),
        Counter("downstream_rq_total", "Requests begun", m => Volatile.Read(ref m.RequestsTotal)),
        Counter("downstream_rq_http1_total", "Requests over HTTP/1", m => Volatile.Read(ref m.RequestsHttp1)),
        Counter("downstream_rq_http2_total", "Requests over HTTP/2", m => Volatile.Read(ref m.RequestsHttp2)),
        Gauge("downstream_rq_active", "Requests being served now", m => Volatile.Read(ref m.RequestsActive)),
        .. Classes("downstream_rq", "Answers by class of status", m => m.Statuses),
        Counter("downstream_rq_rx_reset", "Requests whose client left before its whole answer", m => Volatile.Read(ref m.RequestsReset)),
        Counter("downstream_rq_timeout", "Requests that had not arrived whole in time", m => Volatile.Read(ref m.RequestTimeouts)),
        Counter("downstream_rq_header_timeout", "Requests whose head had not arrived in time", m => Volatile.Read(ref m.HeadTimeouts)),
        Counter("downstream_rq_idle_timeout", "Requests ended because nothing moved", m => Volatile.Read(ref m.IdleTimeouts)),
        Counter("downstream_rq_too_large", "Requests answered 413", m => Volatile.Read(ref m.TooLarge)),
        Counter("no_route", "Requests that no route matched", m => Volatile.Read(ref m.NoRoute)),
        Counter("no_cluster", "Requests whose route points to no cluster", m => Volatile.Read(ref m.NoCluster)),
        Counter("rq_direct_response", "Requests answered from the configuration", m => Volatile.Read(ref m.DirectResponses)),
        Counter("rq_redirect", "Requests redirected by a route", m => Volatile.Read(ref m.Redirects)),
        Duration("downstream_rq_time", "From the first byte of a request to the last byte of its answer", m => m.Duration),
        ByWord("downstream_rq_violation", "rule", "Requests rejected because they broke a rule of HTTP, by rule", m => m.Violations),
        ByWord("downstream_rq_failure", "kind", "Requests that failed, by kind of failure", m => m.Failures),
    ];

    /// <summary>Counts a rule that a request broke.</summary>
    public void CountViolation(HttpViolation violation) => Violations.Count(ViolationWords[(int)violation]);

    /// <summary>Counts what a finished request's record says: its status, time and failure. The gauges are the caller's.</summary>
    public void CountFinished(RequestRecord record)
    {
        Statuses.Count(record.Status);
        if (record.DurationMicros >= 0)
        {
            Duration.Record(record.DurationMicros, record.Trace, record.StartedUtcTicks);
        }

        if (!record.Failure.IsFailure)
        {
            return;
        }

        Failures.Count(Resilience.FailureWords.Of(record.Failure.Kind));
        switch (record.Failure.Kind)
        {
            case Resilience.FailureKind.ClientGone:
                RequestsReset++;
                break;
            case Resilience.FailureKind.RequestTimeout:
                RequestTimeouts++;
                break;
            case Resilience.FailureKind.RequestHeadTimeout:
                HeadTimeouts++;
                break;
            case Resilience.FailureKind.IdleTimeout:
                IdleTimeouts++;
                break;
            case Resilience.FailureKind.RequestTooLarge:
                TooLarge++;
                break;
            case Resilience.FailureKind.NoRoute:
                NoRoute++;
                break;
            case Resilience.FailureKind.NoCluster:
                NoCluster++;
                break;
            case Resilience.FailureKind.BadRequest:
                ProtocolErrors++;
                break;
        }
    }
}
