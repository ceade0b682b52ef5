using System.Net.Sockets;
using Pillion.Net.Loop;
using Pillion.Net.Memory;
using Pillion.Net.Sockets;

namespace Pillion.Net.Portable;

/// <summary>
/// A stream socket of .NET on a parking loop, where there is no epoll. Reading waits with an empty receive, which holds no buffer, and then takes what is
/// there without waiting; a send that does not fit is handed over in a copy, for a slab must not be the system's when a deadline gives it back.
/// Correct rather than fast. One difference to epoll: a peer that leaves behind unread bytes is noticed only when these are received.
/// </summary>
internal sealed class PortableConnection : Connection
{
    private const int SendCopySize = 16 * 1024;

    private readonly Socket _socket;
    private readonly PendingIo _receive;
    private readonly PendingIo _send;
    private readonly PortableOperation _wait;
    private PortableOperation? _sending;
    private byte[]? _sendCopy;
    private Slab? _receiveInto;
    private Slab? _sendFrom;
    private int _sendCount;
    private int _sent;
    private bool _readable;
    private bool _isEnded;
    private bool _isEndReceived;
    private SocketError _broken;
    private bool _isBrokenReceived;
    private SocketError _sendBroken;

    public PortableConnection(EventLoop loop, Socket socket, PeerAddress remote)
        : base(loop)
    {
        _socket = socket;
        _receive = new PendingIo(loop);
        _send = new PendingIo(loop);
        _wait = new PortableOperation(_ => Loop.Post(static state => ((PortableConnection)state!).OnReadable(), this));
        socket.Blocking = false;
        Remote = remote;
        Local = PeerAddress.From(socket.LocalEndPoint);
    }

    protected override bool HasUnreadCore => _readable || (!IsClosed && _socket.Available > 0);

    public override bool IsPeerClosed => _isEnded || _broken != SocketError.Success;

    protected override ValueTask<IoResult> WaitReadableCoreAsync(Deadline deadline, CancellationToken cancellationToken)
    {
        Loop.CheckThread();
        if (IsClosed)
        {
            return new ValueTask<IoResult>(IoResult.Fail(IoError.Closed));
        }

        if (_readable || IsPeerClosed)
        {
            return new ValueTask<IoResult>(IoResult.Done(1));
        }

        var task = _receive.Wait(deadline, cancellationToken);
        _receiveInto = null;
        WaitForBytes();
        return task;
    }

    protected override ValueTask<IoResult> ReceiveCoreAsync(Slab slab, Deadline deadline, CancellationToken cancellationToken)
    {
        Loop.CheckThread();
        ThrowIfFull(slab);
        if (IsClosed)
        {
            return new ValueTask<IoResult>(IoResult.Fail(IoError.Closed));
        }

        if (!_receive.IsPending && TryReceive(slab, out var result))
        {
            return new ValueTask<IoResult>(result);
        }

        var task = _receive.Wait(deadline, cancellationToken);
        _receiveInto = _receive.IsPending ? slab : null;
        WaitForBytes();
        return task;
    }

    public override ValueTask<IoResult> SendAsync(Slab slab, int count, Deadline deadline = default, CancellationToken cancellationToken = default)
    {
        Loop.CheckThread();
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)count, (uint)slab.Length, nameof(count));
        if (IsClosed)
        {
            return new ValueTask<IoResult>(IoResult.Fail(IoError.Closed));
        }

        if (_send.IsPending)
        {
            throw new InvalidOperationException("a send is already under way");
        }

        _sendFrom = slab;
        _sendCount = count;
        _sent = 0;
        if (TrySend(out var result))
        {
            _sendFrom = null;
            return new ValueTask<IoResult>(result);
        }

        return _send.Wait(deadline, cancellationToken);
    }

    public override ValueTask<IoResult> ShutdownAsync()
    {
        Loop.CheckThread();
        if (IsClosed)
        {
            return new ValueTask<IoResult>(IoResult.Fail(IoError.Closed));
        }

        try
        {
            _socket.Shutdown(SocketShutdown.Send);
            return new ValueTask<IoResult>(IoResult.Done(0));
        }
        catch (SocketException exception)
        {
            return new ValueTask<IoResult>(PortableErrors.Result(exception.SocketErrorCode));
        }
    }

    public override void Close() => Close(isAbort: false);

    public override void Abort() => Close(isAbort: true);

    protected override void OnWatched()
    {
        if (IsPeerClosed)
        {
            Loop.Defer(static state => ((PortableConnection)state!).TellOfPeer(), this);
        }
        else
        {
            WaitForBytes();
        }
    }

    private void Close(bool isAbort)
    {
        if (IsClosed)
        {
            return;
        }

        Loop.CheckThread();
        IsClosed = true;
        ReleasePutBack();
        try
        {
            // With bytes unread the peer must see a reset, and not the end that a shutdown would send before it.
            if (isAbort || _socket.Available > 0)
            {
                _socket.LingerState = new LingerOption(enable: true, seconds: 0);
            }
            else
            {
                // .NET resets a connection that is closed with a receive under way, unless its sending half was shut down before.
                _socket.Shutdown(SocketShutdown.Send);
            }
        }
        catch (SocketException)
        {
            // Broken or gone already: closing is all that is left.
        }

        _socket.Dispose();
        DisposeWhenDone(_wait);
        DisposeWhenDone(_sending);
        _receiveInto = null;
        _sendFrom = null;
        _receive.Close();
        _send.Close();
    }

    // An operation under way is disposed when it reports back.
    private static void DisposeWhenDone(PortableOperation? operation)
    {
        if (operation is { IsUnderWay: false })
        {
            operation.Dispose();
        }
    }

    private void WaitForBytes()
    {
        if (IsClosed || _readable || IsPeerClosed || _wait.IsUnderWay || !(_receive.IsPending || Watcher is not null))
        {
            return;
        }

        _wait.IsUnderWay = true;
        if (!_socket.ReceiveAsync(_wait))
        {
            Loop.Defer(static state => ((PortableConnection)state!).OnReadable(), this);
        }
    }

    private void OnReadable()
    {
        _wait.IsUnderWay = false;
        if (IsClosed)
        {
            _wait.Dispose();
            return;
        }

        // The system reports an error once: when the wait took it, no receive will see it again.
        _broken = _wait.SocketError;
        _readable = true;
        if (_receive.IsPending)
        {
            if (_receiveInto is not { } slab)
            {
                _receive.Complete(IoResult.Done(1));
            }
            else if (TryReceive(slab, out var result))
            {
                _receiveInto = null;
                _receive.Complete(result);
            }
        }

        if (!IsClosed && !_receive.IsPending && _readable)
        {
            LookForTheEnd();
            TellOfPeer();
        }

        WaitForBytes();
    }

    // Nobody receives: looks, without taking it, whether what came is the end.
    private void LookForTheEnd()
    {
        Span<byte> one = stackalloc byte[1];
        var count = _socket.Receive(one, SocketFlags.Peek, out var error);
        if (error == SocketError.WouldBlock)
        {
            _readable = false;
        }
        else if (error != SocketError.Success)
        {
            _broken = error;
        }
        else
        {
            _isEnded |= count == 0;
        }
    }

    private void TellOfPeer()
    {
        if (!_receive.IsPending)
        {
            TellWatcher(_isEnded && !_isEndReceived, _broken != SocketError.Success && !_isBrokenReceived);
        }
    }

    private bool TryReceive(Slab slab, out IoResult result)
    {
        result = default;
        if (_broken == SocketError.Success && !_isEnded)
        {
            if (!_readable)
            {
                return false;
            }

            var free = slab.Free;
            var count = _socket.Receive(free, SocketFlags.None, out var error);
            switch (error)
            {
                case SocketError.WouldBlock:
                    _readable = false;
                    return false;
                case SocketError.Success when count > 0:
                    slab.Advance(count);
                    result = IoResult.Done(count);
                    if (count < free.Length)
                    {
                        _readable = false;
                        WaitForBytes();
                    }

                    return true;
                case SocketError.Success:
                    _isEnded = true;
                    break;
                default:
                    _broken = error;
                    break;
            }
        }

        _isEndReceived = true;
        _isBrokenReceived = _broken != SocketError.Success;
        result = _isBrokenReceived ? PortableErrors.Result(_broken) : IoResult.Done(0);
        return true;
    }

    private bool TrySend(out IoResult result)
    {
        var slab = _sendFrom!;
        while (true)
        {
            if (_sendBroken != SocketError.Success)
            {
                result = PortableErrors.Result(_sendBroken);
                return true;
            }

            result = IoResult.Done(_sent);
            if (_sending is { IsUnderWay: true })
            {
                return false;
            }

            if (_sent == _sendCount)
            {
                return true;
            }

            var part = slab.Filled[..(_sendCount - _sent)];
            var count = _socket.Send(part, SocketFlags.None, out var error);
            if (error == SocketError.WouldBlock)
            {
                HandOver(slab, Math.Min(part.Length, SendCopySize));
            }
            else if (error != SocketError.Success)
            {
                _sendBroken = error;
            }
            else
            {
                slab.Consume(count);
                _sent += count;
            }
        }
    }

    // What is handed over counts as sent: a send that runs into its deadline leaves in the slab exactly what the next one must send.
    private void HandOver(Slab slab, int count)
    {
        if (_sending is null)
        {
            _sending = new PortableOperation(_ => Loop.Post(static state => ((PortableConnection)state!).OnSent(), this));
            _sendCopy = new byte[SendCopySize];
        }

        slab.Filled[..count].CopyTo(_sendCopy);
        slab.Consume(count);
        _sent += count;
        _sending.SetBuffer(_sendCopy, 0, count);
        _sending.IsUnderWay = true;
        if (!_socket.SendAsync(_sending))
        {
            _sending.IsUnderWay = false;
            _sendBroken = _sending.SocketError;
        }
    }

    private void OnSent()
    {
        var sending = _sending!;
        sending.IsUnderWay = false;
        if (IsClosed)
        {
            sending.Dispose();
            return;
        }

        _sendBroken = sending.SocketError;
        if (_send.IsPending && _sendFrom is not null && TrySend(out var result))
        {
            _sendFrom = null;
            _send.Complete(result);
        }
    }
}
