using static Pillion.Core.Signals.ResponseFlags;

namespace Pillion.Core.Resilience;

/// <summary>
/// The one table from a failure to what the client, the operator and the log see of it. Statuses are Envoy's, so that what retries on 503
/// outside goes on doing so; the error types are those of RFC 9209 §2.3; gRPC codes follow the meaning, not the HTTP status.
/// </summary>
internal static class FailureTable
{
    private const int GrpcDeadlineExceeded = 4;
    private const int GrpcUnimplemented = 12;
    private const int GrpcResourceExhausted = 8;
    private const int GrpcAborted = 10;
    private const int GrpcInternal = 13;
    private const int GrpcUnavailable = 14;
    private const int GrpcCancelled = 1;
    private const int GrpcPermissionDenied = 7;
    private const int GrpcUnauthenticated = 16;

    private static readonly FailureAnswer[] Rows =
    [
        new()
        {
            Kind = FailureKind.None, Status = 200, Flags = None, ProxyError = "", GrpcStatus = 0, Details = "via_upstream",
            Sentence = "{answer}[ in {time}][ after {failed}].",
        },
        new()
        {
            Kind = FailureKind.ConnectRefused, Status = 503, Flags = UF, ProxyError = "connection_refused", GrpcStatus = GrpcUnavailable,
            Details = "upstream_reset_before_response_started{remote_connection_failure}",
            Sentence = "{answer}: {who}[ at {endpoint}] refused the connection[ ({cause})][, in {attempts} attempts]; nothing listens there{where}.",
        },
        new()
        {
            Kind = FailureKind.ConnectTimeout, Status = 503, Flags = UF, ProxyError = "connection_timeout", GrpcStatus = GrpcUnavailable,
            Details = "upstream_reset_before_response_started{connection_timeout}",
            Sentence = "{answer}: {who}[ at {endpoint}] did not accept the connection in time[ ({cause})][, in {attempts} attempts]{where}.",
        },
        new()
        {
            Kind = FailureKind.ConnectFailed, Status = 503, Flags = UF, ProxyError = "destination_ip_unroutable", GrpcStatus = GrpcUnavailable,
            Details = "upstream_reset_before_response_started{local_connection_failure}",
            Sentence = "{answer}: Pillion could not connect to {who}[ at {endpoint}][: {cause}][, in {attempts} attempts]{where}.",
        },
        new()
        {
            Kind = FailureKind.TlsFailed, Status = 503, Flags = UF, ProxyError = "tls_protocol_error", GrpcStatus = GrpcUnavailable,
            Details = "upstream_reset_before_response_started{remote_connection_failure|TLS_error}",
            Sentence = "{answer}: {who}[ at {endpoint}] accepted the connection and the TLS handshake failed[ ({cause})][, in {attempts} attempts]{where}.",
        },
        new()
        {
            Kind = FailureKind.TlsCertificate, Status = 503, Flags = UF, ProxyError = "tls_certificate_error", GrpcStatus = GrpcUnavailable,
            Details = "upstream_reset_before_response_started{remote_connection_failure|TLS_error|CERTIFICATE_VERIFY_FAILED}",
            Sentence = "{answer}: {who}[ at {endpoint}] is not known to be who it should be[: {cause}][, in {attempts} attempts]{where}.",
        },
        new()
        {
            Kind = FailureKind.NameNotResolved, Status = 503, Flags = DF, ProxyError = "dns_error", GrpcStatus = GrpcUnavailable,
            Details = "dns_resolution_failure",
            Sentence = "{answer}: the name of {who} in cluster {cluster} could not be resolved[ ({cause})]{where}.",
        },
        new()
        {
            Kind = FailureKind.NoEndpoint, Status = 503, Flags = UH, ProxyError = "destination_unavailable", GrpcStatus = GrpcUnavailable,
            Details = "no_healthy_upstream",
            Sentence = "{answer}: cluster {cluster} has no endpoint that may be used[ ({cause})]{where}.",
        },
        new()
        {
            Kind = FailureKind.NoCluster, Status = 503, Flags = NC, ProxyError = "destination_unavailable", GrpcStatus = GrpcUnavailable,
            Details = "cluster_not_found",
            Sentence = "{answer}: the route points to cluster {cluster}, which does not exist{where}.",
        },
        new()
        {
            Kind = FailureKind.NoRoute, Status = 404, Flags = NR, ProxyError = "destination_not_found", GrpcStatus = GrpcUnimplemented,
            Details = "route_not_found",
            Sentence = "{answer}: no route of listener {listener} matches[ {method}][ host {authority}][ path {target}][ ({cause})].",
        },
        new()
        {
            Kind = FailureKind.ConnectionTerminated, Status = 503, Flags = UC, ProxyError = "connection_terminated", GrpcStatus = GrpcUnavailable,
            Details = "upstream_reset_before_response_started{connection_termination}",
            Sentence = "{answer}: {who}[ at {endpoint}] closed the {connection} before its answer was complete[ ({cause})][, in {attempts} attempts]{where}.",
        },
        new()
        {
            Kind = FailureKind.ProtocolError, Status = 502, Flags = UPE, ProxyError = "http_protocol_error", GrpcStatus = GrpcInternal,
            Details = "upstream_reset_before_response_started{protocol_error}",
            Sentence = "{answer}: what {who}[ at {endpoint}] sent is not an acceptable HTTP answer[ ({cause})]{where}.",
        },
        new()
        {
            Kind = FailureKind.RefusedStream, Status = 503, Flags = UR, ProxyError = "connection_terminated", GrpcStatus = GrpcUnavailable,
            Details = "upstream_reset_before_response_started{remote_refused_stream_reset}",
            Sentence = "{answer}: {who}[ at {endpoint}] refused the stream before working on it[ ({cause})][, in {attempts} attempts]{where}.",
        },
        new()
        {
            Kind = FailureKind.RouteTimeout, Status = 504, Flags = UT, ProxyError = "http_response_timeout", GrpcStatus = GrpcDeadlineExceeded,
            Details = "response_timeout",
            Sentence = "{answer}: {who}[ at {endpoint}] had not finished its answer when the route's timeout ended[ after {time}][ ({cause})][, in {attempts} attempts]{where}.",
        },
        new()
        {
            Kind = FailureKind.PerTryTimeout, Status = 504, Flags = UT, ProxyError = "http_response_timeout", GrpcStatus = GrpcDeadlineExceeded,
            Details = "upstream_per_try_timeout",
            Sentence = "{answer}: {who}[ at {endpoint}] did not answer within the timeout of one attempt[ ({cause})][, in {attempts} attempts]{where}.",
        },
        new()
        {
            Kind = FailureKind.IdleTimeout, Status = 504, Flags = SI, ProxyError = "http_response_timeout", GrpcStatus = GrpcDeadlineExceeded,
            Details = "stream_idle_timeout", Close = true,
            Sentence = "{answer}: neither the client nor {who}[ at {endpoint}] sent anything for the idle timeout[ ({cause})]{where}.",
        },
        new()
        {
            Kind = FailureKind.RequestTimeout, Status = 408, Flags = DT, ProxyError = "http_request_error", GrpcStatus = GrpcDeadlineExceeded,
            Details = "request_overall_timeout", Close = true,
            Sentence = "{answer}: the client had not sent its whole request when the request timeout of listener {listener} ended[ after {time}].",
        },
        new()
        {
            Kind = FailureKind.RequestHeadTimeout, Status = 408, Flags = DT, ProxyError = "http_request_error", GrpcStatus = GrpcDeadlineExceeded,
            Details = "request_header_timeout", Close = true,
            Sentence = "{answer}: the client had not sent the head of its request within the time that listener {listener} allows[ ({cause})].",
        },
        new()
        {
            Kind = FailureKind.ClientGone, Status = 0, Flags = DC, ProxyError = "", GrpcStatus = GrpcCancelled,
            Details = "downstream_remote_disconnect", Close = true,
            Sentence = "The client[ {client}] left before it had its whole answer[, {time} after its first byte][; {who} was {endpoint}]{where}.",
        },
        new()
        {
            Kind = FailureKind.BadRequest, Status = 400, Flags = DPE, ProxyError = "http_request_error", GrpcStatus = GrpcInternal,
            Details = "http1.codec_error", Close = true,
            Sentence = "{answer}: what the client[ {client}] sent to listener {listener} is not an acceptable request[ ({cause})].",
        },
        new()
        {
            Kind = FailureKind.RequestTooLarge, Status = 413, Flags = DPE, ProxyError = "http_request_error", GrpcStatus = GrpcResourceExhausted,
            Details = "request_payload_too_large", Close = true,
            Sentence = "{answer}: the request of client[ {client}] is larger than listener {listener} allows[ ({cause})][, says {rule}]{where}.",
        },
        new()
        {
            Kind = FailureKind.Overflow, Status = 503, Flags = UO, ProxyError = "connection_limit_reached", GrpcStatus = GrpcUnavailable,
            Details = "upstream_reset_before_response_started{overflow}",
            Sentence = "{answer}: a limit[ of cluster {cluster}] is reached[: {cause}], so the request was not sent{where}.",
        },
        new()
        {
            Kind = FailureKind.LoopDetected, Status = 508, Flags = LR, ProxyError = "proxy_loop_detected", GrpcStatus = GrpcAborted,
            Details = "proxy_loop_detected", Close = true,
            Sentence = "{answer}: the request had already passed through this Pillion[ ({cause})]; the upstream of[ cluster {cluster}] leads back here{where}.",
        },
        new()
        {
            Kind = FailureKind.Draining, Status = 503, Flags = LR, ProxyError = "proxy_internal_response", GrpcStatus = GrpcUnavailable,
            Details = "draining", Close = true,
            Sentence = "{answer}: Pillion is stopping and takes no further requests on listener {listener}.",
        },
        new()
        {
            Kind = FailureKind.Internal, Status = 500, Flags = LR, ProxyError = "proxy_internal_error", GrpcStatus = GrpcInternal,
            Details = "internal_error", Close = true,
            Sentence = "{answer}: an error inside Pillion[ ({cause})]; please report it{where}.",
        },
        new()
        {
            Kind = FailureKind.Unauthenticated, Status = 401, Flags = UAEX, ProxyError = "http_request_denied", GrpcStatus = GrpcUnauthenticated,
            Details = "unauthenticated",
            Sentence = "{answer}: {policy} could not establish who asks[: {cause}][, says {rule}]{where}.",
        },
        new()
        {
            Kind = FailureKind.Denied, Status = 403, Flags = UAEX, ProxyError = "http_request_denied", GrpcStatus = GrpcPermissionDenied,
            Details = "denied",
            Sentence = "{answer}: {policy} refused the request[: {cause}][, says {rule}]{where}.",
        },
        new()
        {
            Kind = FailureKind.RateLimited, Status = 429, Flags = RL, ProxyError = "http_request_denied", GrpcStatus = GrpcResourceExhausted,
            Details = "rate_limited",
            Sentence = "{answer}: {policy} allows no more requests now[: {cause}][, says {rule}]{where}.",
        },
        new()
        {
            Kind = FailureKind.FaultInjected, Status = 503, Flags = FI, ProxyError = "http_request_denied", GrpcStatus = GrpcUnavailable,
            Details = "fault_filter_abort",
            Sentence = "{answer}: a fault was injected on purpose[: {cause}][, says {rule}]{where}.",
        },
        new()
        {
            Kind = FailureKind.PolicyUnavailable, Status = 503, Flags = UAEX, ProxyError = "proxy_internal_error", GrpcStatus = GrpcUnavailable,
            Details = "policy_service_error",
            Sentence = "{answer}: {policy} could not be asked[ ({cause})], and what cannot be checked is not let pass[, says {rule}]{where}.",
        },
        new()
        {
            Kind = FailureKind.Overloaded, Status = 503, Flags = OM, ProxyError = "proxy_internal_response", GrpcStatus = GrpcUnavailable,
            Details = "overload", Close = true,
            Sentence = "{answer}: Pillion is short of memory[ ({cause})] and takes on no further requests on listener {listener}.",
        },
        new()
        {
            Kind = FailureKind.ResponseTooLarge, Status = 502, Flags = UPE, ProxyError = "http_response_body_size", GrpcStatus = GrpcResourceExhausted,
            Details = "response_payload_too_large",
            Sentence = "{answer}: the answer of {who}[ at {endpoint}] is larger than allowed[ ({cause})][, says {rule}]{where}.",
        },
    ];

    // Who was silent decides: an idle time-out while the request was still arriving is the client's (Envoy: 408 and 504).
    private static readonly FailureAnswer IdleClient = For(FailureKind.IdleTimeout) with
    {
        Status = 408,
        ProxyError = "http_request_error",
        Sentence = "{answer}: the client[ {client}] sent nothing more of its request for the idle timeout[ ({cause})]{where}.",
    };

    public static FailureAnswer For(FailureKind kind) => Rows[(int)kind];

    public static FailureAnswer For(in Failure failure) =>
        failure is { Kind: FailureKind.IdleTimeout, Side: FailureSide.Downstream } ? IdleClient : For(failure.Kind);
}
