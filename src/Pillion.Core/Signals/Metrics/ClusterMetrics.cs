using Pillion.Core.Resilience;
using static Pillion.Core.Signals.Metrics.Metric<Pillion.Core.Signals.Metrics.ClusterMetrics>;

namespace Pillion.Core.Signals.Metrics;

/// <summary>
/// What one loop counts of one cluster (Envoy: cluster statistics). What happens off the loops (DNS) counts in the cells of
/// <see cref="MetricRegistry.OffLoop"/>, through Interlocked where several threads do it.
/// </summary>
internal sealed class ClusterMetrics
{
    public readonly StatusClasses Statuses = new();
    public readonly DurationHistogram Duration = new();
    public readonly DurationHistogram ConnectDuration = new();

    /// <summary>Failed attempts by <see cref="FailureKind"/>.</summary>
    public readonly LabelledCounts Failures = new();

    /// <summary>Requests not copied to this cluster, by reason.</summary>
    public readonly LabelledCounts MirrorsDropped = new();

    public long ConnectionsTotal;
    public long ConnectionsActive;
    public long ConnectionsHttp1;
    public long ConnectionsHttp2;
    public long TlsHandshakes;
    public long TlsFailures;
    public long ConnectionsDestroyed;
    public long ConnectionsDestroyedLocal;
    public long ConnectionsDestroyedRemote;
    public long ConnectFailures;
    public long ConnectTimeouts;
    public long ConnectionsIdleTimeout;
    public long ConnectionsOverflow;
    public long BytesReceived;
    public long BytesSent;
    public long RequestsTotal;
    public long RequestsActive;
    public long RequestsCompleted;
    public long PendingTotal;
    public long PendingActive;
    public long PendingOverflow;
    public long Cancelled;
    public long Timeouts;
    public long PerTryTimeouts;
    public long ResetsReceived;
    public long ResetsSent;
    public long Retries;
    public long RetriesSucceeded;
    public long RetriesOverflow;
    public long RetriesLimitExceeded;
    public long RetriesBackoffExponential;
    public long RetriesBackoffRateLimited;
    public long RetriesYielded;
    public long PerTryIdleTimeouts;
    public long Hedges;
    public long Mirrored;
    public long ProtocolErrors;
    public long NoEndpoint;
    public long EndpointsTotal;
    public long EndpointsHealthy;
    public long HealthyPanic;
    public long SubsetsSelected;
    public long SubsetsFallback;
    public long ZoneRoutingDirect;
    public long ZoneRoutingSampled;
    public long ZoneRoutingCrossZone;
    public long LookupAttempts;
    public long LookupSuccesses;
    public long LookupFailures;
    public long QueueTimeouts;
    public long HealthAttempts;
    public long HealthSuccesses;
    public long HealthFailures;
    public long HealthNetworkFailures;

    /// <summary>Ejections by <see cref="OutlierMetrics.Names"/>: found, and carried out.</summary>
    public readonly OutlierMetrics Outliers = new();

    /// <summary>The running cluster's limits for either priority; only in the cells of <see cref="MetricRegistry.OffLoop"/>.</summary>
    public CircuitLimits? DefaultCircuits;
    public CircuitLimits? HighCircuits;

    public static IEnumerable<Metric<ClusterMetrics>> All { get; } =
    [
        Counter("upstream_cx_total", "Connections opened or tried", m => Volatile.Read(ref m.ConnectionsTotal)),
        Gauge("upstream_cx_active", "Connections open now", m => Volatile.Read(ref m.ConnectionsActive)),
        Counter("upstream_cx_http1_total", "Connections that spoke HTTP/1", m => Volatile.Read(ref m.ConnectionsHttp1)),
        Counter("upstream_cx_http2_total", "Connections that spoke HTTP/2", m => Volatile.Read(ref m.ConnectionsHttp2)),
        Counter("ssl_handshake", "TLS handshakes with the upstream that succeeded", m => Volatile.Read(ref m.TlsHandshakes)) with { OwnName = "upstream_tls_handshake_total" },
        Counter("ssl_connection_error", "TLS handshakes with the upstream that failed", m => Volatile.Read(ref m.TlsFailures)) with { OwnName = "upstream_tls_failure_total" },
        Counter("upstream_cx_destroy", "Connections closed", m => Volatile.Read(ref m.ConnectionsDestroyed)),
        Counter("upstream_cx_destroy_local", "Connections closed by Pillion", m => Volatile.Read(ref m.ConnectionsDestroyedLocal)),
        Counter("upstream_cx_destroy_remote", "Connections closed by the upstream", m => Volatile.Read(ref m.ConnectionsDestroyedRemote)),
        Counter("upstream_cx_connect_fail", "Connections that could not be opened", m => Volatile.Read(ref m.ConnectFailures)),
        Counter("upstream_cx_connect_timeout", "Connections that were not accepted in time", m => Volatile.Read(ref m.ConnectTimeouts)),
        Counter("upstream_cx_idle_timeout", "Connections closed because they were not used", m => Volatile.Read(ref m.ConnectionsIdleTimeout)),
        Counter("upstream_cx_overflow", "Requests that found the limit of connections reached", m => Volatile.Read(ref m.ConnectionsOverflow)),
        Counter("upstream_cx_none_healthy", "Requests that found no endpoint to use", m => Volatile.Read(ref m.NoEndpoint)),
        Counter("upstream_cx_protocol_error", "Connections closed because the upstream did not speak acceptable HTTP", m => Volatile.Read(ref m.ProtocolErrors)),
        Counter("upstream_cx_rx_bytes_total", "Bytes received from the upstream", m => Volatile.Read(ref m.BytesReceived)),
        Counter("upstream_cx_tx_bytes_total", "Bytes sent to the upstream", m => Volatile.Read(ref m.BytesSent)),
        Duration("upstream_cx_connect_time", "How long opening a connection took", m => m.ConnectDuration),
        Counter("upstream_rq_total", "Requests sent, each attempt counted", m => Volatile.Read(ref m.RequestsTotal)),
        Gauge("upstream_rq_active", "Requests being served now", m => Volatile.Read(ref m.RequestsActive)),
        Counter("upstream_rq_completed", "Requests answered", m => Volatile.Read(ref m.RequestsCompleted)),
        .. Classes("upstream_rq", "Answers by class of status", m => m.Statuses),
        Counter("upstream_rq_pending_total", "Requests that waited for a connection", m => Volatile.Read(ref m.PendingTotal)),
        Gauge("upstream_rq_pending_active", "Requests waiting for a connection now", m => Volatile.Read(ref m.PendingActive)),
        Counter("upstream_rq_pending_overflow", "Requests refused because the cluster was at its limit", m => Volatile.Read(ref m.PendingOverflow)),
        Counter("upstream_rq_cancelled", "Requests given up while they waited for a connection", m => Volatile.Read(ref m.Cancelled)),
        Counter("upstream_rq_timeout", "Requests ended by the timeout of their route", m => Volatile.Read(ref m.Timeouts)),
        Counter("upstream_rq_per_try_timeout", "Attempts ended by their own timeout", m => Volatile.Read(ref m.PerTryTimeouts)),
        Counter("upstream_rq_per_try_idle_timeout", "Attempts ended because nothing moved", m => Volatile.Read(ref m.PerTryIdleTimeouts)),
        Counter("upstream_rq_rx_reset", "Requests that the upstream reset or cut short", m => Volatile.Read(ref m.ResetsReceived)),
        Counter("upstream_rq_tx_reset", "Requests that Pillion reset", m => Volatile.Read(ref m.ResetsSent)),
        Counter("upstream_rq_retry", "Retries", m => Volatile.Read(ref m.Retries)),
        Counter("upstream_rq_retry_success", "Requests that a retry saved", m => Volatile.Read(ref m.RetriesSucceeded)),
        Counter("upstream_rq_retry_overflow", "Retries not made because the budget was used up", m => Volatile.Read(ref m.RetriesOverflow)),
        Counter("upstream_rq_retry_limit_exceeded", "Requests that failed after their last retry", m => Volatile.Read(ref m.RetriesLimitExceeded)),
        Counter("upstream_rq_retry_backoff_exponential", "Retries that waited first", m => Volatile.Read(ref m.RetriesBackoffExponential)),
        Counter("upstream_rq_retry_backoff_ratelimited", "Retries that waited as long as the answer asked for", m => Volatile.Read(ref m.RetriesBackoffRateLimited)),
        Counter("upstream_rq_retry_yielded", "Retries left to whoever sent the request", m => Volatile.Read(ref m.RetriesYielded)),
        Counter("upstream_rq_hedge", "Retries sent beside an attempt that was late", m => Volatile.Read(ref m.Hedges)),
        Counter("upstream_rq_mirror", "Copies of other clusters' requests sent, counted among the requests too", m => Volatile.Read(ref m.Mirrored)),
        ByWord("upstream_rq_mirror_dropped", "reason", "Copies of other clusters' requests that were not sent or not answered, by reason", m => m.MirrorsDropped),
        Duration("upstream_rq_time", "From sending a request to the end of its answer", m => m.Duration),
        Gauge("membership_total", "Endpoints known", m => Volatile.Read(ref m.EndpointsTotal)) with { OwnName = "membership_endpoints" },
        Gauge("membership_healthy", "Endpoints that may be used", m => Volatile.Read(ref m.EndpointsHealthy)),
        Counter("lb_healthy_panic", "Requests sent without regard to health, because too few endpoints may be used", m => Volatile.Read(ref m.HealthyPanic)),
        Counter("lb_subsets_selected", "Requests sent to the endpoints with the labels they asked for", m => Volatile.Read(ref m.SubsetsSelected)),
        Counter("lb_subsets_fallback", "Requests for labels that no endpoint has", m => Volatile.Read(ref m.SubsetsFallback)),
        Counter("lb_zone_routing_all_directly", "Requests kept in the own zone, as all of them are", m => Volatile.Read(ref m.ZoneRoutingDirect)),
        Counter("lb_zone_routing_sampled", "Requests kept in the own zone, as a part of them is", m => Volatile.Read(ref m.ZoneRoutingSampled)),
        Counter("lb_zone_routing_cross_zone", "Requests sent to another zone, because the own one has its fill", m => Volatile.Read(ref m.ZoneRoutingCrossZone)),
        Counter("update_attempt", "Lookups of the endpoints' names", m => Volatile.Read(ref m.LookupAttempts)),
        Counter("update_success", "Lookups that were answered", m => Volatile.Read(ref m.LookupSuccesses)),
        Counter("update_failure", "Lookups that failed; the last answer stays in use", m => Volatile.Read(ref m.LookupFailures)),
        Counter("upstream_rq_queue_timeout", "Requests that waited for a connection for as long as the cluster's queue allows", m => Volatile.Read(ref m.QueueTimeouts)) with { IsEnvoys = false },
        .. Circuits("default", m => Volatile.Read(ref m.DefaultCircuits)),
        .. Circuits("high", m => Volatile.Read(ref m.HighCircuits)),
        .. OutlierMetrics.For<ClusterMetrics>(m => m.Outliers),
        Counter("health_check_attempt", "Health checks made", m => Volatile.Read(ref m.HealthAttempts)) with { DottedName = "health_check.attempt" },
        Counter("health_check_success", "Health checks that succeeded", m => Volatile.Read(ref m.HealthSuccesses)) with { DottedName = "health_check.success" },
        Counter("health_check_failure", "Health checks that failed, for any reason", m => Volatile.Read(ref m.HealthFailures)) with { DottedName = "health_check.failure" },
        Counter("health_check_network_failure", "Health checks that failed without an answer", m => Volatile.Read(ref m.HealthNetworkFailures)) with { DottedName = "health_check.network_failure" },
        ByWord("upstream_rq_failure", "kind", "Attempts that failed, by kind of failure", m => m.Failures),
    ];

    private static IEnumerable<Metric<ClusterMetrics>> Circuits(string priority, Func<ClusterMetrics, CircuitLimits?> limits)
    {
        yield return Open("cx_open", "no further connection is made", circuits => circuits.Connections.IsOpen);
        yield return Open("rq_pending_open", "no further request may wait for a connection", circuits => circuits.Pending.IsOpen);
        yield return Open("rq_open", "no further request is sent", circuits => circuits.Requests.IsOpen);
        yield return Open("rq_retry_open", "no further retry is made", circuits => circuits.RetriesLeft() <= 0);
        yield return Left("remaining_cx", "Connections", circuits => circuits.Connections.Remaining);
        yield return Left("remaining_pending", "Requests that may wait for a connection", circuits => circuits.Pending.Remaining);
        yield return Left("remaining_rq", "Requests", circuits => circuits.Requests.Remaining);
        yield return Left("remaining_retries", "Retries", circuits => circuits.RetriesLeft());
        yield return Open("fail_fast", "the queue for a connection does not move and nobody is let into it", circuits => circuits.IsFailingFast) with { IsEnvoys = false };

        Metric<ClusterMetrics> Open(string name, string what, Func<CircuitLimits, bool> isOpen) =>
            Gauge($"circuit_breakers_{priority}_{name}", $"1 while, at priority {priority}, {what}", m => limits(m) is { } circuits && isOpen(circuits) ? 1 : 0) with { DottedName = $"circuit_breakers.{priority}.{name}" };

        // Envoy keeps these only where track_remaining asks for them.
        Metric<ClusterMetrics> Left(string name, string what, Func<CircuitLimits, int> left) =>
            Gauge($"circuit_breakers_{priority}_{name}", $"{what} that are left until the limit at priority {priority}", m => limits(m) is { TracksRemaining: true } circuits ? left(circuits) : 0) with { DottedName = $"circuit_breakers.{priority}.{name}" };
    }

    /// <summary>Counts the end of one attempt: its status and time, or why it failed. Totals and gauges are the caller's, at the time they change.</summary>
    public void CountAttempt(in Attempt attempt)
    {
        if (attempt.Status > 0)
        {
            RequestsCompleted++;
            Statuses.Count(attempt.Status);
            Duration.Record(attempt.DurationMicros);
        }

        if (!attempt.Failure.IsFailure)
        {
            return;
        }

        Failures.Count(FailureWords.Of(attempt.Failure.Kind));
        switch (attempt.Failure.Kind)
        {
            case FailureKind.ConnectRefused or FailureKind.ConnectFailed or FailureKind.TlsFailed or FailureKind.TlsCertificate:
                ConnectFailures++;
                break;
            case FailureKind.ConnectTimeout:
                // Envoy counts a time-out as a failure too.
                ConnectFailures++;
                ConnectTimeouts++;
                break;
            case FailureKind.RouteTimeout:
                Timeouts++;
                break;
            case FailureKind.PerTryTimeout:
                PerTryTimeouts++;
                break;
            case FailureKind.ConnectionTerminated or FailureKind.RefusedStream:
                ResetsReceived++;
                break;
            case FailureKind.ProtocolError:
                ProtocolErrors++;
                break;
            case FailureKind.ClientGone:
                ResetsSent++;
                break;
            case FailureKind.Overflow:
                PendingOverflow++;
                break;
            case FailureKind.NoEndpoint:
                NoEndpoint++;
                break;
        }
    }
}
