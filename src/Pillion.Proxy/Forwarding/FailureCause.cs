using Pillion.Core.Resilience;
using Pillion.Net.Http;
using Pillion.Net.Http.Http1;

namespace Pillion.Proxy.Forwarding;

/// <summary>
/// What lies behind a failure that a connection reports. It is often only our own doing: the client left, or a limit passed, and the
/// upstream was aborted for it.
/// </summary>
internal static class FailureCause
{
    /// <param name="pump">What sends the request's body; null where nothing was sent yet.</param>
    /// <param name="stream">The upstream's, when there is one.</param>
    public static Failure Of(in Failure failure, Exchange exchange, RequestPump? pump, ClientStream? stream)
    {
        var sent = stream?.SentAnything ?? false;
        var reused = stream?.IsReused ?? false;
        if (pump is { State: PumpState.ClientFailed })
        {
            if (pump.IsTooLarge)
            {
                return exchange.RequestLimit!.Exceeded(exchange) with { SentAnything = sent, Reused = reused };
            }

            if (pump.IsUndecodable)
            {
                var coder = exchange.RequestCoder!;
                return new Failure(FailureSide.Downstream, coder.IsTooLarge ? FailureKind.RequestTooLarge : FailureKind.BadRequest, sent, reused, Cause: coder.Flaw);
            }

            var part = pump.Failed;
            return part.Violation != HttpViolation.None
                ? new Failure(FailureSide.Downstream, FailureKind.BadRequest, sent, reused, Cause: HttpViolations.Sentence(part.Violation))
                : new Failure(FailureSide.Downstream, FailureKind.ClientGone, sent, reused);
        }

        if (exchange.IsClientGone)
        {
            return new Failure(FailureSide.Downstream, FailureKind.ClientGone, sent, reused);
        }

        // A connect that ends by the exchange's own deadline may be told before the limit itself.
        var reached = exchange.Reached == TimeLimit.None && failure.Kind == FailureKind.ConnectTimeout ? exchange.Limits.Passed : exchange.Reached;
        return reached switch
        {
            TimeLimit.Route => new Failure(FailureSide.Upstream, FailureKind.RouteTimeout, sent, reused),
            TimeLimit.PerTry => new Failure(FailureSide.Upstream, FailureKind.PerTryTimeout, sent, reused),
            TimeLimit.PerTryIdle => new Failure(FailureSide.Upstream, FailureKind.PerTryTimeout, sent, reused, Cause: "nothing moved for its idle timeout"),
            TimeLimit.Request => new Failure(FailureSide.Downstream, FailureKind.RequestTimeout, sent, reused),
            TimeLimit.Idle => new Failure(
                exchange.Stream.IsBodyReceived ? FailureSide.Upstream : FailureSide.Downstream, FailureKind.IdleTimeout, sent, reused),
            _ => failure,
        };
    }
}
