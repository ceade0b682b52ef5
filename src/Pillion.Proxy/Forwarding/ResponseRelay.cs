using System.Runtime.CompilerServices;
using Pillion.Core.Resilience;
using Pillion.Net.Http;
using Pillion.Net.Http.Http1;
using Pillion.Net.Loop;
using Pillion.Net.Sockets;

namespace Pillion.Proxy.Forwarding;

/// <summary>
/// Sends an answer's body on as it comes. Both directions stream: a part is sent on before the next is received, so a slow reader holds back
/// its writer, and a body of any size passes in bounded memory.
/// </summary>
internal static class ResponseRelay
{
    /// <param name="first">A part that was received already.</param>
    /// <summary>A default failure means that the client has the whole answer.</summary>
    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    public static async ValueTask<Failure> RunAsync(Exchange exchange, ClientStream from, BodyPart? first = null)
    {
        var to = exchange.Stream;
        var most = exchange.ResponseLimit?.Bytes ?? long.MaxValue;
        while (true)
        {
            if (first is null && !from.HasBufferedBody && !from.IsBodyReceived && !(await to.FlushAsync()).IsOk)
            {
                return new Failure(FailureSide.Downstream, FailureKind.ClientGone);
            }

            var part = first ?? await from.ReceiveBodyAsync();
            first = null;
            switch (part.Event)
            {
                case BodyEvent.Data when exchange.Record.BytesSent + part.Count > most:
                    part.Slab!.Consume(part.Count);
                    return exchange.ResponseLimit!.Exceeded(exchange);

                case BodyEvent.Data:
                    exchange.Record.BytesSent += part.Count;
                    exchange.Limits.Touch();
                    if (!(await to.SendBodyAsync(part.Slab!, part.Count)).IsOk)
                    {
                        return new Failure(FailureSide.Downstream, FailureKind.ClientGone);
                    }

                    exchange.Limits.Touch();
                    break;

                case BodyEvent.End:
                    exchange.AnswerTrailers.AddAll(from.Trailers);
                    return (await to.FinishAsync(from.Trailers)).IsOk ? default : new Failure(FailureSide.Downstream, FailureKind.ClientGone);

                default:
                    return Broken(from, part);
            }
        }
    }

    /// <summary>What a part that failed says of the upstream.</summary>
    public static Failure Broken(ClientStream from, BodyPart part) => part.Violation != HttpViolation.None
        ? new Failure(FailureSide.Upstream, FailureKind.ProtocolError, true, from.IsReused, true, HttpViolations.Sentence(part.Violation))
        : new Failure(FailureSide.Upstream, FailureKind.ConnectionTerminated, true, from.IsReused, true, new IoResult(0, part.Error).Describe());
}
