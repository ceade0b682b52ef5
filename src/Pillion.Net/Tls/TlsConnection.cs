using System.Runtime.CompilerServices;
using Pillion.Net.Loop;
using Pillion.Net.Memory;
using Pillion.Net.Sockets;
using Pillion.Net.Tls.OpenSsl;

namespace Pillion.Net.Tls;

/// <summary>
/// The stream inside a TLS connection, over any other connection. Ciphertext is received in one piece and decrypted into the caller's slab; what is
/// sent is encrypted into one slab and sent at once. While it waits, it holds no slab but for bytes that the peer has sent and nobody has taken.
/// </summary>
internal sealed class TlsConnection : Connection, IPeerWatcher
{
    /// <summary>With it, an operation of a connection does what can be done now and does not begin to wait.</summary>
    internal static readonly CancellationToken AtOnce = new(canceled: true);

    private readonly Connection _inner;
    private readonly SslEngine _engine;
    private readonly TlsDetails _details;
    private bool _isSending;
    private bool _isSendBroken;
    private bool _isShutDown;
    private bool _isInputEnded;
    private bool _isBulk;
    private bool _isEnded;
    private IoResult _broken;
    private bool _isPeerReset;
    private bool _isEndTold;
    private bool _isBrokenTold;

    internal TlsConnection(Connection inner, SslEngine engine, TlsDetails details)
        : base(inner.Loop)
    {
        _inner = inner;
        _engine = engine;
        _details = details;
        Local = inner.Local;
        Remote = inner.Remote;
        inner.Watcher = this;
    }

    public override TlsDetails Tls => _details;

    /// <summary>Why TLS broke after its handshake, such as an alert of the peer; null where it did not.</summary>
    public string? Fault { get; private set; }

    public override bool IsPeerClosed => _isEnded || _inner.IsPeerClosed;

    /// <summary>Tickets and other messages of TLS itself do not count: they are handled here.</summary>
    protected override bool HasUnreadCore => !IsClosed && IsReadable();

    public override PeerAddress? OriginalDestination() => _inner.OriginalDestination();

    protected override ValueTask<IoResult> WaitReadableCoreAsync(Deadline deadline, CancellationToken cancellationToken)
    {
        Loop.CheckThread();
        return
            IsClosed ? new ValueTask<IoResult>(IoResult.Fail(IoError.Closed)) :
            IsReadable() ? new ValueTask<IoResult>(IoResult.Done(1)) : WaitForDataAsync(deadline, cancellationToken);
    }

    protected override ValueTask<IoResult> ReceiveCoreAsync(Slab slab, Deadline deadline, CancellationToken cancellationToken)
    {
        Loop.CheckThread();
        ThrowIfFull(slab);
        return
            IsClosed ? new ValueTask<IoResult>(IoResult.Fail(IoError.Closed)) :
            TryReceive(slab, out var result) ? new ValueTask<IoResult>(result) : ReceiveLaterAsync(slab, deadline, cancellationToken);
    }

    public override ValueTask<IoResult> SendAsync(Slab slab, int count, Deadline deadline = default, CancellationToken cancellationToken = default)
    {
        Loop.CheckThread();
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)count, (uint)slab.Length, nameof(count));
        if (IsClosed)
        {
            return new ValueTask<IoResult>(IoResult.Fail(IoError.Closed));
        }

        if (_isSending)
        {
            throw new InvalidOperationException("a send is already under way");
        }

        var left = count;
        while (Encrypt(slab, ref left) is { } output)
        {
            _isSending = true;
            var sending = _inner.SendAsync(output, output.Length, deadline, cancellationToken);
            if (!sending.IsCompleted)
            {
                return SendRestAsync(sending, output, slab, count, left, deadline, cancellationToken);
            }

            var result = sending.Result;
            if (!Sent(output, result))
            {
                return new ValueTask<IoResult>(result);
            }
        }

        return new ValueTask<IoResult>(_isSendBroken ? IoResult.Fail(IoError.Reset) : IoResult.Done(count));
    }

    /// <summary>RFC 8446 §6.1: close_notify ends the stream, the end of the connection's half comes behind it.</summary>
    public override ValueTask<IoResult> ShutdownAsync()
    {
        Loop.CheckThread();
        if (IsClosed)
        {
            return new ValueTask<IoResult>(IoResult.Fail(IoError.Closed));
        }

        if (_isSending)
        {
            throw new InvalidOperationException("a send is still under way");
        }

        return FinishAsync();
    }

    public override void Close()
    {
        if (IsClosed)
        {
            return;
        }

        Loop.CheckThread();
        // As with every socket: closing with bytes unread loses them, so the peer is told by a reset. Tickets and close_notify are no such bytes.
        var losesBytes = IsReadable() && !_isEnded && _broken.IsOk;
        // A stream that was cut short must look like one: no close_notify behind half a record.
        if (!losesBytes && !_isSending && !_isSendBroken && !_isShutDown && !_engine.HasOutput)
        {
            _engine.Shutdown();
            FlushNow();
        }

        End(isAbort: losesBytes);
    }

    public override void Abort()
    {
        if (!IsClosed)
        {
            Loop.CheckThread();
            End(isAbort: true);
        }
    }

    void IPeerWatcher.PeerClosed(Connection connection, bool isReset)
    {
        _isPeerReset |= isReset;
        Tell();
    }

    protected override void OnWatched()
    {
        if (IsPeerClosed)
        {
            Loop.Defer(static state => ((TlsConnection)state!).Tell(), this);
        }
    }

    // What a receive has reported is not told again.
    private void Tell() => TellWatcher(IsPeerClosed && !_isEndTold, _isPeerReset && !_isBrokenTold);

    private void End(bool isAbort)
    {
        IsClosed = true;
        ReleasePutBack();
        _inner.Watcher = null;
        // What waits on the inner connection ends within this call, and does not touch the engine any more.
        if (isAbort)
        {
            _inner.Abort();
        }
        else
        {
            _inner.Close();
        }

        _engine.Dispose();
    }

    /// <summary>Whether a receive would not wait. Looks at all that has arrived, up to the first byte of the stream.</summary>
    private bool IsReadable()
    {
        while (!_isEnded && _broken.IsOk)
        {
            if (_engine.HasPlaintext || (_engine.HasNews && Note(_engine.Look()) == SslStatus.Done))
            {
                return true;
            }

            if (!_isEnded && _broken.IsOk && !Pull())
            {
                return !_broken.IsOk;
            }
        }

        return true;
    }

    private bool TryReceive(Slab slab, out IoResult result)
    {
        var before = slab.Length;
        while (!_isEnded && _broken.IsOk)
        {
            if ((_engine.HasNews || _engine.HasPlaintext) && Note(_engine.Read(slab)) == SslStatus.Done)
            {
                result = IoResult.Done(slab.Length - before);
                return true;
            }

            if (!_isEnded && _broken.IsOk && !Pull() && _broken.IsOk)
            {
                result = default;
                return false;
            }
        }

        _isEndTold = true;
        _isBrokenTold |= !_broken.IsOk;
        result = _isEnded ? IoResult.Done(0) : _broken;
        return true;
    }

    /// <summary>Takes what has arrived on the inner connection, without waiting. False: nothing has, or it ended.</summary>
    private bool Pull()
    {
        if (_isInputEnded || !(_inner.HasUnread || _inner.IsPeerClosed))
        {
            return false;
        }

        // What filled the last slab to its end goes on: fewer, larger receives.
        var slab = Loop.Slabs.Rent(_isBulk ? SlabPool.Large : SlabPool.Medium);
        var receiving = _inner.ReceiveAsync(slab, default, AtOnce);
        var result = receiving.IsCompleted ? receiving.Result : throw new InvalidOperationException("a receive waits that must not");
        _isBulk = slab.Free.IsEmpty;
        if (result.Count > 0)
        {
            _engine.Feed(slab);
            return true;
        }

        Loop.Slabs.Return(slab);
        if (result.IsOk)
        {
            // RFC 8446 §6.1: without close_notify before it, an end may be anybody's doing.
            _isInputEnded = true;
            Fault ??= "the peer closed the connection without ending its stream (truncated)";
            _broken = IoResult.Fail(IoError.Reset);
        }
        else if (result.Error != IoError.Cancelled)
        {
            _isInputEnded = true;
            _broken = result;
        }

        return false;
    }

    private SslStatus Note(SslStatus status)
    {
        if (status == SslStatus.Ended)
        {
            _isEnded = true;
        }
        else if (status == SslStatus.Failed)
        {
            Fault ??= _engine.Error.PeerAlert is { } alert ? HandshakeFault.Describe(alert) : _engine.Error.Text;
            _broken = IoResult.Fail(IoError.Reset);
            _isSendBroken = true;
        }

        // An alert that says why, or the answer to a message of TLS itself; it has no caller who could wait for it.
        if (_engine.HasOutput && !_isSending)
        {
            FlushNow();
        }

        return status;
    }

    private void FlushNow()
    {
        if (_engine.TakeOutput() is { } output)
        {
            var sending = _inner.SendAsync(output, output.Length, default, AtOnce);
            var result = sending.IsCompleted ? sending.Result : throw new InvalidOperationException("a send waits that must not");
            _isSendBroken |= !result.IsOk && result.Error != IoError.Cancelled;
            _engine.PutBackOutput(output);
        }
    }

    /// <summary>The next slab to send; null when all was, or when no more can be.</summary>
    private Slab? Encrypt(Slab slab, ref int left)
    {
        if (_isSendBroken || !_engine.Write(slab, ref left))
        {
            _isSendBroken = true;
            return null;
        }

        return _engine.TakeOutput();
    }

    private bool Sent(Slab output, IoResult result)
    {
        _isSending = false;
        if (result.IsOk || IsClosed)
        {
            Loop.Slabs.Return(output);
            return result.IsOk && !IsClosed;
        }

        // A record that was begun must be finished before the next: the rest goes with the next send, if there is one.
        _engine.PutBackOutput(output);
        _isSendBroken |= result.Error is not (IoError.TimedOut or IoError.Cancelled);
        return false;
    }

    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    private async ValueTask<IoResult> SendRestAsync(
        ValueTask<IoResult> sending, Slab output, Slab slab, int count, int left, Deadline deadline, CancellationToken cancellationToken)
    {
        while (true)
        {
            var result = await sending;
            if (!Sent(output, result))
            {
                return IsClosed ? IoResult.Fail(IoError.Closed) : result;
            }

            if (Encrypt(slab, ref left) is not { } next)
            {
                return _isSendBroken ? IoResult.Fail(IoError.Reset) : IoResult.Done(count);
            }

            output = next;
            _isSending = true;
            sending = _inner.SendAsync(output, output.Length, deadline, cancellationToken);
        }
    }

    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    private async ValueTask<IoResult> WaitForDataAsync(Deadline deadline, CancellationToken cancellationToken)
    {
        while (true)
        {
            var result = await _inner.WaitReadableAsync(deadline, cancellationToken);
            if (IsClosed)
            {
                return IoResult.Fail(IoError.Closed);
            }

            if (!result.IsOk || IsReadable())
            {
                return result;
            }
        }
    }

    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    private async ValueTask<IoResult> ReceiveLaterAsync(Slab slab, Deadline deadline, CancellationToken cancellationToken)
    {
        while (true)
        {
            var result = await _inner.WaitReadableAsync(deadline, cancellationToken);
            if (IsClosed)
            {
                return IoResult.Fail(IoError.Closed);
            }

            if (!result.IsOk || TryReceive(slab, out result))
            {
                return result;
            }
        }
    }

    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    private async ValueTask<IoResult> FinishAsync()
    {
        if (!_isShutDown && !_isSendBroken)
        {
            _isShutDown = true;
            _engine.Shutdown();
        }

        if (!_isSendBroken && _engine.TakeOutput() is { } output)
        {
            _isSending = true;
            var result = await _inner.SendAsync(output, output.Length);
            if (!Sent(output, result))
            {
                return IsClosed ? IoResult.Fail(IoError.Closed) : result;
            }
        }

        return await _inner.ShutdownAsync();
    }
}
