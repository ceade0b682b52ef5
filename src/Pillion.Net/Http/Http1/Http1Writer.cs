using System.Runtime.CompilerServices;
using Pillion.Net.Loop;
using Pillion.Net.Memory;
using Pillion.Net.Sockets;

namespace Pillion.Net.Http.Http1;

/// <summary>
/// The sending half of an HTTP/1 connection. Heads, chunk framing and small bodies meet in one slab and leave with one system call;
/// a large body with a length goes out of the slab that it was received into.
/// </summary>
internal sealed class Http1Writer(Connection connection) : ITurnEnd
{
    // Copying so much costs less than a second system call and a second segment.
    private const int CopiedBytes = 24 * 1024;

    private static readonly int ChunkOverhead = ChunkWriter.MaxSizeLine + ChunkWriter.DataEnd.Length;

    private Slab? _out;
    private IoResult _failed;
    private LoopOperation<IoResult>? _waiter;
    private bool _isLeaving;
    private bool _isQueued;
    private bool _isChunked;
    private bool _isRaw;

    /// <summary>At least one byte of the present message was handed to the system.</summary>
    public bool SentAnything { get; private set; }

    public bool HasPending => _out is { IsEmpty: false } || _isLeaving || !_failed.IsOk;

    public bool WriteRequestHead(RequestHead head)
    {
        SentAnything = false;
        _isChunked = head.Body == BodyKind.Chunked;
        _isRaw = false;
        _out ??= connection.Loop.Slabs.Rent();
        int written;
        while (!HeadWriter.TryWriteRequest(_out.Free, head, close: false, out written))
        {
            if (!TryGrow())
            {
                return false;
            }
        }

        _out.Advance(written);
        return true;
    }

    public bool WriteResponseHead(ResponseHead head, bool close, byte peerVersion)
    {
        SentAnything = false;
        _isChunked = head.Body == BodyKind.Chunked && !HeadWriter.EndsWithConnection(head, peerVersion);
        _isRaw = false;
        _out ??= connection.Loop.Slabs.Rent();
        int written;
        while (!HeadWriter.TryWriteResponse(_out.Free, head, peerVersion, close, out written))
        {
            if (!TryGrow())
            {
                return false;
            }
        }

        _out.Advance(written);
        return true;
    }

    public void BeginTunnel()
    {
        _isRaw = true;
        _isChunked = false;
    }

    public ValueTask<IoResult> SendBodyAsync(Slab slab, int count)
    {
        if (_isChunked)
        {
            return SendChunksAsync(slab, count);
        }

        // Behind a head that still waits, a body that is not large saves a system call by being copied.
        if (HasPending)
        {
            if (_out is not null && !_isLeaving && count <= CopiedBytes && _out.Free.Length < count)
            {
                _out = connection.Loop.Slabs.Grow(_out, _out.Length + count);
            }

            if (_out is not null && _out.TryAppend(slab.Filled[..count]))
            {
                slab.Consume(count);
                return new ValueTask<IoResult>(IoResult.Done(count));
            }

            return FlushThenSendAsync(slab, count);
        }

        return SendWholeAsync(slab, count);
    }

    public ValueTask<IoResult> FinishAsync(FieldList? trailers)
    {
        if (_isRaw)
        {
            return FlushThenShutdownAsync();
        }

        if (_isChunked)
        {
            _isChunked = false;
            return FinishChunksAsync(trailers);
        }

        return new ValueTask<IoResult>(FlushLater());
    }

    /// <summary>Sends what waits by the end of this turn, and says now whether an earlier such send failed.</summary>
    public IoResult FlushLater()
    {
        if (!_isQueued && _out is { IsEmpty: false })
        {
            SentAnything = true;
            _isQueued = true;
            connection.Loop.AtTurnEnd(this);
        }

        return _failed;
    }

    /// <summary>Sends what waits and completes when the system has taken it.</summary>
    public ValueTask<IoResult> FlushAsync()
    {
        if (!HasPending)
        {
            return new ValueTask<IoResult>(IoResult.Done(0));
        }

        if (!_isLeaving)
        {
            SentAnything = true;
            Leave();
        }

        return _isLeaving ? (_waiter ??= new LoopOperation<IoResult>()).Start() : new ValueTask<IoResult>(_failed);
    }

    /// <summary>Gives back what is held; the connection is closed.</summary>
    public void Release()
    {
        if (_out is not null)
        {
            connection.Loop.Slabs.Return(_out);
            _out = null;
        }
    }

    void ITurnEnd.OnTurnEnd()
    {
        _isQueued = false;
        if (!_isLeaving && !connection.IsClosed)
        {
            Leave();
        }
    }

    // Ordinarily done without waiting.
    private void Leave()
    {
        while (_out is { IsEmpty: false } slab && _failed.IsOk)
        {
            _out = null;
            var send = connection.SendAsync(slab, slab.Length);
            if (!send.IsCompleted)
            {
                _isLeaving = true;
                _ = LeaveSlowlyAsync(send, slab);
                return;
            }

            Sent(send.Result, slab);
        }
    }

    // The peer reads slowly: what is written meanwhile goes into another slab and leaves behind this one. Closing the connection ends the wait, so
    // this never outlives it.
    [AsyncMethodBuilder(typeof(PooledMethodBuilder))]
    private async ValueTask LeaveSlowlyAsync(ValueTask<IoResult> send, Slab slab)
    {
        Sent(await send, slab);
        _isLeaving = false;
        Leave();
        if (!_isLeaving && _waiter is { IsPending: true })
        {
            _waiter.Complete(_failed);
        }
    }

    private void Sent(IoResult result, Slab slab)
    {
        connection.Loop.Slabs.Return(slab);
        _failed = result.IsOk ? default : result;
    }

    private ValueTask<IoResult> SendWholeAsync(Slab slab, int count)
    {
        SentAnything = true;
        var rest = slab.Length - count;
        var send = connection.SendAsync(slab, count);
        return send.IsCompleted ? new ValueTask<IoResult>(ConsumeRest(send.Result, slab, rest)) : AwaitSendAsync(send, slab, rest);
    }

    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    private static async ValueTask<IoResult> AwaitSendAsync(ValueTask<IoResult> send, Slab slab, int rest) => ConsumeRest(await send, slab, rest);

    // What a failed send left of the part is dropped, so that the stream it came from stands behind the part in any case.
    private static IoResult ConsumeRest(IoResult result, Slab slab, int rest)
    {
        if (!result.IsOk)
        {
            slab.Consume(slab.Length - rest);
        }

        return result;
    }

    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    private async ValueTask<IoResult> FlushThenSendAsync(Slab slab, int count)
    {
        var flushed = await FlushAsync();
        if (!flushed.IsOk)
        {
            slab.Consume(count);
            return flushed;
        }

        return await SendWholeAsync(slab, count);
    }

    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    private async ValueTask<IoResult> FlushThenShutdownAsync()
    {
        var flushed = await FlushAsync();
        return flushed.IsOk ? await connection.ShutdownAsync() : flushed;
    }

    // Each piece that fits is a chunk of its own; the framing of a piece never straddles a flush.
    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    private async ValueTask<IoResult> SendChunksAsync(Slab slab, int count)
    {
        var left = count;
        while (left > 0)
        {
            // Never above the largest pooled size: a slab of its own would be made and freed for each part.
            _out ??= connection.Loop.Slabs.Rent(Math.Min(left + ChunkOverhead, SlabPool.Large));
            var room = _out.Free.Length - ChunkOverhead;
            if (room < Math.Min(left, 256))
            {
                var flushed = await FlushAsync();
                if (!flushed.IsOk)
                {
                    slab.Consume(left);
                    return flushed;
                }

                continue;
            }

            var piece = Math.Min(left, room);
            _out.Advance(ChunkWriter.WriteSize(_out.Free, piece));
            _out.TryAppend(slab.Filled[..piece]);
            _out.TryAppend(ChunkWriter.DataEnd);
            slab.Consume(piece);
            left -= piece;
        }

        return IoResult.Done(count);
    }

    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    private async ValueTask<IoResult> FinishChunksAsync(FieldList? trailers)
    {
        _out ??= connection.Loop.Slabs.Rent();
        if (trailers is null or { Count: 0 })
        {
            if (_out.Free.Length < ChunkWriter.End.Length)
            {
                var flushed = await FlushAsync();
                if (!flushed.IsOk)
                {
                    return flushed;
                }

                _out = connection.Loop.Slabs.Rent();
            }

            _out.TryAppend(ChunkWriter.End);
            return FlushLater();
        }

        int written;
        while (!ChunkWriter.TryWriteEnd(_out.Free, trailers, out written))
        {
            if (!TryGrow())
            {
                return IoResult.Fail(IoError.Other);
            }
        }

        _out.Advance(written);
        return FlushLater();
    }

    private bool TryGrow()
    {
        if (_out!.Capacity >= 4 * SlabPool.Large)
        {
            return false;
        }

        _out = connection.Loop.Slabs.Grow(_out, _out.Capacity * 4);
        return true;
    }
}
