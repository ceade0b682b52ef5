using System.Runtime.CompilerServices;
using Pillion.Net.Http;
using Pillion.Net.Loop;
using Pillion.Net.Memory;
using Pillion.Net.Sockets;
using Pillion.Proxy.Forwarding.Coding;

namespace Pillion.Proxy.Forwarding;

internal enum PumpState : byte
{
    /// <summary>There is no body, or the pump was not started.</summary>
    Idle,
    Running,

    /// <summary>The whole body was sent.</summary>
    Complete,

    /// <summary>The client's side failed: it left, or its framing is broken.</summary>
    ClientFailed,

    /// <summary>The upstream does not take more; its answer may still come.</summary>
    UpstreamFailed,

    /// <summary>Stopped by the exchange; the rest of the body is still with the client.</summary>
    Stopped,
}

/// <summary>
/// Sends a request's body to one upstream while the answer is awaited, because an answer may come early. It is never left alone: who starts it
/// stops it, and awaits its end, before either side's buffers are given back.
/// </summary>
internal sealed class RequestPump(EventLoop loop, RequestBody body)
{
    private CancellationTokenSource _cancel = new();
    private ValueTask _running;
    private bool _isAwaited = true;

    public PumpState State { get; private set; }

    /// <summary>The part that failed when the state is <see cref="PumpState.ClientFailed"/>.</summary>
    public BodyPart Failed { get; private set; }

    /// <summary>More came than is allowed: why the state is <see cref="PumpState.ClientFailed"/>.</summary>
    public bool IsTooLarge { get; private set; }

    /// <summary>The decoder gave up: why the state is <see cref="PumpState.ClientFailed"/>.</summary>
    public bool IsUndecodable { get; private set; }

    /// <summary>A new try, which has sent nothing.</summary>
    public void Reset()
    {
        State = PumpState.Idle;
        Failed = default;
        IsTooLarge = IsUndecodable = false;
    }

    /// <summary>Starts sending: what is retained from earlier tries first, then what the client still sends.</summary>
    public void Start(ServerStream from, ClientStream to)
    {
        if (!_cancel.TryReset())
        {
            _cancel = new CancellationTokenSource();
        }

        State = PumpState.Running;
        _isAwaited = false;
        _running = RunAsync(from, to, _cancel.Token);
    }

    /// <summary>Takes the client's bytes no longer for this try and waits until nothing uses either stream any more.</summary>
    /// <remarks>The upstream's stream must be aborted first when the pump may be sending to it.</remarks>
    public ValueTask StopAsync()
    {
        if (_isAwaited)
        {
            return default;
        }

        if (State == PumpState.Running)
        {
            // Synchronously: the callback runs here, on the loop.
            _cancel.Cancel();
        }

        _isAwaited = true;
        return _running;
    }

    [AsyncMethodBuilder(typeof(PooledMethodBuilder))]
    private async ValueTask RunAsync(ServerStream from, ClientStream to, CancellationToken cancellationToken)
    {
        State = await PumpAsync(from, to, cancellationToken);
    }

    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    private async ValueTask<PumpState> PumpAsync(ServerStream from, ClientStream to, CancellationToken cancellationToken)
    {
        if (body.Retained.Length > 0 && !await ReplayAsync(to))
        {
            return PumpState.UpstreamFailed;
        }

        while (true)
        {
            // The head must not wait for a body that the client has not sent yet: it may be waiting for 100 Continue.
            if (!from.HasBufferedBody && !(await to.FlushAsync()).IsOk)
            {
                return PumpState.UpstreamFailed;
            }

            var part = await from.ReceiveBodyAsync(cancellationToken);
            switch (part.Event)
            {
                case BodyEvent.Data when body.IsTooLargeWith(part.Count):
                    body.Count(part.Count);
                    part.Slab!.Consume(part.Count);
                    IsTooLarge = true;
                    return Fail(to);

                case BodyEvent.Data when body.Decoder is not null:
                    body.Count(part.Count);
                    if (!await DecodeAsync(part.Slab, part.Count, CodingStep.Go, to))
                    {
                        return IsUndecodable ? Fail(to) : PumpState.UpstreamFailed;
                    }

                    break;

                case BodyEvent.Data:
                    body.Received(part);
                    if (!(await to.SendBodyAsync(part.Slab!, part.Count)).IsOk)
                    {
                        return PumpState.UpstreamFailed;
                    }

                    body.Moved();
                    break;

                case BodyEvent.End:
                    if (body.Decoder is not null && !await DecodeAsync(null, 0, CodingStep.Finish, to))
                    {
                        return IsUndecodable ? Fail(to) : PumpState.UpstreamFailed;
                    }

                    body.End(isReceived: true);
                    return (await to.FinishAsync(from.Trailers)).IsOk ? PumpState.Complete : PumpState.UpstreamFailed;

                case BodyEvent.Failed when part.Error == IoError.Cancelled:
                    return PumpState.Stopped;

                default:
                    Failed = part;
                    return Fail(to);
            }
        }
    }

    // False: the bytes are no such coding, or the upstream takes no more. What it does not take is kept for a further try all the same.
    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    private async ValueTask<bool> DecodeAsync(Slab? input, int count, CodingStep step, ClientStream to)
    {
        var takes = true;
        while (true)
        {
            var output = loop.Slabs.RentUpTo(SlabPool.Medium);
            var result = body.Decoder!.Code(input, ref count, output, step);
            IsUndecodable = result == CodingResult.Corrupt;
            if (IsUndecodable)
            {
                // What stands before a flaw is not sent either: the request is refused as a whole.
                input?.Consume(count);
            }
            else if (output.Length > 0)
            {
                body.Keep(output.Filled);
                takes = takes && (await to.SendBodyAsync(output, output.Length)).IsOk;
                body.Moved();
            }

            loop.Slabs.Return(output);
            if (result != CodingResult.OutputFull)
            {
                return takes && !IsUndecodable;
            }
        }
    }

    // The state comes before the abort, which wakes whoever awaits the answer: it asks at once whose fault this is.
    private PumpState Fail(ClientStream to)
    {
        body.End(isReceived: false);
        State = PumpState.ClientFailed;
        to.Abort(reset: true);
        return PumpState.ClientFailed;
    }

    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    private async ValueTask<bool> ReplayAsync(ClientStream to)
    {
        foreach (var piece in body.Retained.Pieces)
        {
            var copy = loop.Slabs.Rent(piece.Length);
            copy.TryAppend(piece.Filled);
            var sent = await to.SendBodyAsync(copy, copy.Length);
            loop.Slabs.Return(copy);
            if (!sent.IsOk)
            {
                return false;
            }
        }

        return true;
    }
}
