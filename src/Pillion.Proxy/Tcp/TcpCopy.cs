using System.Runtime.CompilerServices;
using Pillion.Net.Linux;
using Pillion.Net.Loop;
using Pillion.Net.Memory;
using Pillion.Net.Sockets;

namespace Pillion.Proxy.Tcp;

/// <summary>
/// One direction of a relay: receives, sends all of it and receives again, so that a slow receiver holds back the sender. It waits without a
/// buffer, and its buffers grow with what has gone through.
/// </summary>
internal sealed class TcpCopy(TcpRelay relay, Connection from, Connection to, bool isFromClient)
{
    private const int LargeAfter = 64 * 1024;
    private const int HugeAfter = 1024 * 1024;

    // splice(2) has calls of its own: below so much in one receive, on average, copying is faster (docs/decisions/2026-11-24-tcp-relay.md).
    private const int WorthSplicing = 16 * 1024;

    // A fast pair could go on for ever without the loop looking at anybody else.
    private const int BytesPerTurn = 1024 * 1024;

    // What a peer may still send to one that is gone: enough to let it read the last answer, too little to be work.
    private const int MaxDiscarded = 1024 * 1024;

    // A moment that has always passed: what is there is received, and nothing is waited for with a buffer in hand.
    private static readonly Deadline AtOnce = new(1);

    private Slab? _slab;
    private SplicePipe? _pipe;
    private TurnYield? _yield;
    private int _average;
    private int _discarded;
    private int _inHandBefore;
    private bool _isPaused;

    public bool IsFromClient { get; } = isFromClient;

    public long Received { get; private set; }

    public long Sent { get; private set; }

    /// <summary>The receiver is gone: what still comes for it is dropped.</summary>
    public bool Discards { get; set; }

    /// <summary>Bytes that were received and that the system has not yet taken to send.</summary>
    public int InHand => _slab?.Length ?? _pipe?.Length ?? 0;

    /// <summary>True when a send that is under way has come further since the last time this was asked.</summary>
    public bool HasProgressed()
    {
        var before = _inHandBefore;
        _inHandBefore = InHand;
        return _inHandBefore > 0 && _inHandBefore < before;
    }

    /// <summary>Copies until the sender ends or breaks, or the relay is closed.</summary>
    [AsyncMethodBuilder(typeof(PooledMethodBuilder))]
    public async ValueTask RunAsync()
    {
        var moved = 0;
        var deadline = AtOnce;
        while (true)
        {
            var waiting = from.WaitReadableAsync();
            if (!waiting.IsCompleted)
            {
                moved = 0;
                deadline = AtOnce;
            }

            var result = await waiting;
            if (result.IsOk)
            {
                result = await ReceiveAsync(deadline);
            }

            if (result is { IsOk: true, Count: > 0 })
            {
                deadline = AtOnce;
                moved += result.Count;
                CountReceived(result.Count);
                var count = InHand;
                result = await SendAsync(count);
                CountSent(count - InHand, result);
                ReturnBuffer();
                if (moved >= BytesPerTurn)
                {
                    moved = 0;
                    await (_yield ??= new TurnYield()).NextTurnAsync(from.Loop);
                }
            }
            else if (result is { Error: IoError.TimedOut, Code: 0 } && !deadline.IsNever)
            {
                // Nothing was there after all. Of a connection that goes on to promise bytes without having them, the receive waits.
                ReturnBuffer();
                deadline = Deadline.Never;
            }
            else
            {
                ReturnBuffer();
                await EndAsync(result);
                return;
            }
        }
    }

    private ValueTask<IoResult> ReceiveAsync(Deadline deadline)
    {
        if (Received >= HugeAfter && _average >= WorthSplicing && !deadline.IsNever && !Discards && (_pipe = from.TryRentPipe(to)) is not null)
        {
            return new ValueTask<IoResult>(from.ReceiveInto(_pipe));
        }

        _slab = from.Loop.Slabs.RentUpTo(NextSize());
        return from.ReceiveAsync(_slab, deadline);
    }

    private int NextSize() => Received < LargeAfter ? SlabPool.Small : Received < HugeAfter ? SlabPool.Large : SlabPool.Huge;

    private void CountReceived(int count)
    {
        Received += count;
        _average += (count - _average) / 8;
        relay.Counters.Received(count, IsFromClient);
        relay.IsClientOwedAnswer = IsFromClient;
        relay.Touch();
    }

    private ValueTask<IoResult> SendAsync(int count)
    {
        if (Discards)
        {
            return new ValueTask<IoResult>(IoResult.Done(0));
        }

        var sending = _pipe is null ? to.SendAsync(_slab!, count) : to.SendAsync(_pipe);
        if (!sending.IsCompleted)
        {
            _isPaused = true;
            relay.Counters.Paused(IsFromClient);
        }

        return sending;
    }

    private void CountSent(int count, IoResult result)
    {
        if (_isPaused)
        {
            _isPaused = false;
            relay.Counters.Resumed(IsFromClient);
        }

        Sent += count;
        relay.Counters.Sent(count, IsFromClient);
        relay.Touch();
        if (!result.IsOk)
        {
            relay.SendFailed(this, result);
        }
        else if (InHand > 0)
        {
            _discarded += InHand;
            if (_discarded > MaxDiscarded)
            {
                relay.GiveUp();
            }
        }
    }

    // What the shutdown comes to needs no answer: where it fails, the other direction sees the connection broken.
    private ValueTask<IoResult> EndAsync(IoResult result)
    {
        if (!result.IsOk)
        {
            relay.ReceiveFailed(this, result);
            return new ValueTask<IoResult>(result);
        }

        relay.SenderEnded(this);
        return to.ShutdownAsync();
    }

    private void ReturnBuffer()
    {
        if (_slab is { } slab)
        {
            _slab = null;
            from.Loop.Slabs.Return(slab);
        }

        if (_pipe is { } pipe)
        {
            _pipe = null;
            pipe.Return();
        }
    }
}
