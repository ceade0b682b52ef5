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
/// Sends a request's body while the answer is awaited, because an answer may come early. It is never left alone: who starts it stops it,
/// and awaits its end, before either side's buffers are given back.
/// </summary>
internal sealed class RequestPump(EventLoop loop)
{
    private CancellationTokenSource _cancel = new();
    private ValueTask _running;
    private bool _isAwaited = true;
    private bool _hasEnded;

    public PumpState State { get; private set; }

    /// <summary>The part that failed when the state is <see cref="PumpState.ClientFailed"/>.</summary>
    public BodyPart Failed { get; private set; }

    /// <summary>Bytes taken from the client for the whole request, over all tries.</summary>
    public long BytesReceived { get; private set; }

    /// <summary>More than so many bytes are refused; 0 is no limit.</summary>
    public long MaxBytes { get; set; }

    /// <summary>More came than is allowed: why the state is <see cref="PumpState.ClientFailed"/>.</summary>
    public bool IsTooLarge { get; private set; }

    /// <summary>Unpacks the body on its way; null sends it on as it comes.</summary>
    public BodyCoder? Decoder { get; set; }

    /// <summary>The decoder gave up: why the state is <see cref="PumpState.ClientFailed"/>.</summary>
    public bool IsUndecodable { get; private set; }

    public RetainedBody Retained { get; } = new(loop.Slabs);

    /// <summary>Called when the request's last byte was received, or the client failed.</summary>
    public required Action Ended { private get; init; }

    /// <summary>Called when bytes moved.</summary>
    public required Action Moved { private get; init; }

    public void Reset(int retainLimit)
    {
        State = PumpState.Idle;
        Failed = default;
        BytesReceived = 0;
        MaxBytes = 0;
        IsTooLarge = IsUndecodable = false;
        Decoder = null;
        _hasEnded = false;
        Retained.Begin(retainLimit);
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

    /// <summary>Gives back what is kept.</summary>
    public void Clear() => Retained.Clear();

    // A further try replays the body; the request itself ended once, and its route's time began then.
    private void EndOnce()
    {
        if (!_hasEnded)
        {
            _hasEnded = true;
            Ended();
        }
    }

    [AsyncMethodBuilder(typeof(PooledMethodBuilder))]
    private async ValueTask RunAsync(ServerStream from, ClientStream to, CancellationToken cancellationToken)
    {
        State = await PumpAsync(from, to, cancellationToken);
    }

    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    private async ValueTask<PumpState> PumpAsync(ServerStream from, ClientStream to, CancellationToken cancellationToken)
    {
        if (Retained.Length > 0 && !await ReplayAsync(to))
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
                case BodyEvent.Data when MaxBytes > 0 && BytesReceived + part.Count > MaxBytes:
                    BytesReceived += part.Count;
                    part.Slab!.Consume(part.Count);
                    IsTooLarge = true;
                    return Fail(to);

                case BodyEvent.Data when Decoder is not null:
                    BytesReceived += part.Count;
                    if (!await DecodeAsync(part.Slab, part.Count, CodingStep.Go, to))
                    {
                        return IsUndecodable ? Fail(to) : PumpState.UpstreamFailed;
                    }

                    break;

                case BodyEvent.Data:
                    BytesReceived += part.Count;
                    Moved();
                    Retained.Add(part.Slab!.Filled[..part.Count]);
                    if (!(await to.SendBodyAsync(part.Slab, part.Count)).IsOk)
                    {
                        return PumpState.UpstreamFailed;
                    }

                    Moved();
                    break;

                case BodyEvent.End:
                    if (Decoder is not null && !await DecodeAsync(null, 0, CodingStep.Finish, to))
                    {
                        return IsUndecodable ? Fail(to) : PumpState.UpstreamFailed;
                    }

                    EndOnce();
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
            var result = Decoder!.Code(input, ref count, output, step);
            IsUndecodable = result == CodingResult.Corrupt;
            if (IsUndecodable)
            {
                // What stands before a flaw is not sent either: the request is refused as a whole.
                input?.Consume(count);
            }
            else if (output.Length > 0)
            {
                Moved();
                Retained.Add(output.Filled);
                takes = takes && (await to.SendBodyAsync(output, output.Length)).IsOk;
                Moved();
            }

            loop.Slabs.Return(output);
            if (result != CodingResult.OutputFull)
            {
                return takes && !IsUndecodable;
            }
        }
    }

    private PumpState Fail(ClientStream to)
    {
        EndOnce();
        // Before the abort, which wakes whoever awaits the answer: it asks at once whose fault this is.
        State = PumpState.ClientFailed;
        to.Abort(reset: true);
        return PumpState.ClientFailed;
    }

    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    private async ValueTask<bool> ReplayAsync(ClientStream to)
    {
        foreach (var piece in Retained.Pieces)
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
