using Pillion.Core.Resilience;
using Pillion.Net.Http;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Grpc;

namespace Pillion.Proxy.Retries;

/// <summary>Whether a failed try may be followed by another: a pure reading of the failure value, the method and the policy.</summary>
internal static class RetryDecision
{
    /// <summary>
    /// For a try that ended without an answer. Two cases need no policy's leave, because nothing can have been done twice or the method
    /// allows it: a pooled connection that turned out to be closed before any byte of an answer came, with nothing sent or an idempotent method.
    /// </summary>
    public static bool MayRetry(in Failure failure, RequestHead request, RetryPolicy? policy)
    {
        if (failure.Side != FailureSide.Upstream)
        {
            return false;
        }

        var on = policy?.Config.On ?? RetryOn.None;
        switch (failure.Kind)
        {
            case FailureKind.ConnectRefused or FailureKind.ConnectTimeout or FailureKind.ConnectFailed or FailureKind.TlsFailed or FailureKind.TlsCertificate:
                return (on & (RetryOn.ConnectFailure | RetryOn.ServerError | RetryOn.GatewayError | RetryOn.Reset)) != 0;

            // RFC 9113 §8.7: the upstream says that it has not worked on it, so that any request may be sent again.
            case FailureKind.RefusedStream:
                return true;

            case FailureKind.ConnectionTerminated when failure is { Reused: true, ReceivedAnything: false } && (!failure.SentAnything || (policy?.IsIdempotent(request) ?? request.IsIdempotent)):
                return true;

            // Envoy counts every lost answer as a 5xx, since it would become one: so 5xx and gateway-error cover it like reset does.
            case FailureKind.ConnectionTerminated or FailureKind.ProtocolError or FailureKind.PerTryTimeout:
                return (on & (RetryOn.Reset | RetryOn.ServerError | RetryOn.GatewayError)) != 0 && IsSafe(failure.SentAnything, request, policy);

            default:
                return false;
        }
    }

    /// <summary>For an answer that came: by its status and its fields.</summary>
    public static bool MayRetry(ResponseHead answer, RequestHead request, RetryPolicy? policy)
    {
        if (policy is null)
        {
            return false;
        }

        // Envoy: what a limit refused is asked for again only where the policy names just that.
        var onLimit = (policy.Config.On & RetryOn.RateLimited) != 0;
        var named = IsNamed(answer.Status, policy.Config) || ((policy.Config.On & RetryOn.Headers) != 0 && policy.NamesHeaderOf(answer));
        return (named || onLimit) && IsRateLimited(answer) ? onLimit && policy.IsRepeatable(request) : named && policy.IsRepeatable(request);
    }

    /// <summary>The conditions that look at the status of a gRPC call.</summary>
    public const RetryOn GrpcStatuses = RetryOn.GrpcCancelled | RetryOn.GrpcDeadlineExceeded | RetryOn.GrpcResourceExhausted | RetryOn.GrpcInternal | RetryOn.GrpcUnavailable;

    /// <summary>For a gRPC call that was answered with a status. It is a POST by form only: that a policy names the status is the user's word that the call may be made again.</summary>
    public static bool MayRetryCall(int grpcStatus, RetryPolicy policy) => grpcStatus switch
    {
        GrpcStatus.Cancelled => (policy.Config.On & RetryOn.GrpcCancelled) != 0,
        GrpcStatus.DeadlineExceeded => (policy.Config.On & RetryOn.GrpcDeadlineExceeded) != 0,
        GrpcStatus.ResourceExhausted => (policy.Config.On & RetryOn.GrpcResourceExhausted) != 0,
        GrpcStatus.Internal => (policy.Config.On & RetryOn.GrpcInternal) != 0,
        GrpcStatus.Unavailable => (policy.Config.On & RetryOn.GrpcUnavailable) != 0,
        _ => false,
    };

    private static bool IsRateLimited(ResponseHead answer) => answer.Fields.IndexOf("x-envoy-ratelimited"u8) >= 0;

    private static bool IsNamed(int status, RetryConfig policy) =>
        ((policy.On & RetryOn.ServerError) != 0 && status is >= 500 and <= 599)
        || ((policy.On & RetryOn.GatewayError) != 0 && status is >= 502 and <= 504)
        || ((policy.On & RetryOn.Retriable4xx) != 0 && status == 409)
        || ((policy.On & RetryOn.StatusCodes) != 0 && policy.StatusCodes.AsSpan().Contains(status));

    private static bool IsSafe(bool sentAnything, RequestHead request, RetryPolicy? policy) =>
        !sentAnything || (policy?.IsRepeatable(request) ?? request.IsIdempotent);
}
