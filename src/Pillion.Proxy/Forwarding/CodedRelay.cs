using System.Runtime.CompilerServices;
using Pillion.Core.Resilience;
using Pillion.Net.Http;
using Pillion.Net.Loop;
using Pillion.Net.Memory;
using Pillion.Proxy.Forwarding.Coding;
using Pillion.Proxy.Tcp;

namespace Pillion.Proxy.Forwarding;

/// <summary>
/// As <see cref="ResponseRelay"/>, for an answer that is encoded or decoded on its way. The loop codes a piece and then turns to its other connections, so that
/// a large body holds up nobody; what a stream of events says is passed on when it is said.
/// </summary>
internal static class CodedRelay
{
    // So many bytes of input between two turns of the loop: a few tenths of a millisecond.
    private const int PieceBytes = 16 * 1024;

    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    public static async ValueTask<Failure> RunAsync(Exchange exchange, ClientStream from, BodyCoder coder, BodyPart? first)
    {
        var to = exchange.Stream;
        var most = exchange.ResponseLimit?.Bytes ?? long.MaxValue;
        var holdsBack = false;
        long received = 0;
        while (true)
        {
            if (first is null && !from.HasBufferedBody && !from.IsBodyReceived)
            {
                // Nothing more is here: what was said must not wait for what may be said in an hour.
                if (holdsBack && await SendAsync(exchange, coder, null, 0, CodingStep.Flush) is { IsFailure: true } failure)
                {
                    return failure;
                }

                holdsBack = false;
                if (!(await to.FlushAsync()).IsOk)
                {
                    return new Failure(FailureSide.Downstream, FailureKind.ClientGone);
                }
            }

            var part = first ?? await from.ReceiveBodyAsync();
            first = null;
            switch (part.Event)
            {
                case BodyEvent.Data:
                    received += part.Count;
                    if (received > most)
                    {
                        part.Slab!.Consume(part.Count);
                        return exchange.ResponseLimit!.Exceeded(exchange);
                    }

                    holdsBack = true;
                    for (var left = part.Count; left > 0;)
                    {
                        var piece = Math.Min(left, PieceBytes);
                        left -= piece;
                        if (await SendAsync(exchange, coder, part.Slab, piece, CodingStep.Go) is { IsFailure: true } failure)
                        {
                            return failure;
                        }

                        if (left > 0)
                        {
                            await new TurnYield().NextTurnAsync(exchange.Loop.Events);
                        }
                    }

                    break;

                case BodyEvent.End:
                    if (await SendAsync(exchange, coder, null, 0, CodingStep.Finish) is { IsFailure: true } unfinished)
                    {
                        return unfinished;
                    }

                    exchange.AnswerTrailers.AddAll(from.Trailers);
                    return (await to.FinishAsync(from.Trailers)).IsOk ? default : new Failure(FailureSide.Downstream, FailureKind.ClientGone);

                default:
                    return ResponseRelay.Broken(from, part);
            }
        }
    }

    // Codes a piece and sends what comes of it. Nothing stays in a buffer of ours meanwhile.
    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    private static async ValueTask<Failure> SendAsync(Exchange exchange, BodyCoder coder, Slab? input, int count, CodingStep step)
    {
        var slabs = exchange.Loop.Events.Slabs;
        while (true)
        {
            var output = slabs.RentUpTo(SlabPool.Medium);
            var result = coder.Code(input, ref count, output, step);
            if (result == CodingResult.Corrupt)
            {
                // The upstream may have sent all of it: then its connection can carry another request.
                input?.Consume(count);
                slabs.Return(output);
                return new Failure(FailureSide.Upstream, coder.IsTooLarge ? FailureKind.ResponseTooLarge : FailureKind.ProtocolError, true, ReceivedAnything: true, Cause: coder.Flaw);
            }

            var length = output.Length;
            exchange.Record.BytesSent += length;
            exchange.Limits.Touch();
            var isSent = length == 0 || (await exchange.Stream.SendBodyAsync(output, length)).IsOk;
            slabs.Return(output);
            exchange.Limits.Touch();
            if (!isSent)
            {
                return new Failure(FailureSide.Downstream, FailureKind.ClientGone);
            }

            if (result == CodingResult.Done)
            {
                return default;
            }
        }
    }
}
