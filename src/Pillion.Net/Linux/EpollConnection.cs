using Pillion.Net.Loop;
using Pillion.Net.Memory;
using Pillion.Net.Sockets;

namespace Pillion.Net.Linux;

/// <summary>
/// A stream socket on an epoll loop. What the last call learnt is remembered: after a short read nothing is tried again until epoll reports
/// an edge, so the ordinary request costs one receive and one send per side and no call that returns EAGAIN.
/// </summary>
internal sealed unsafe class EpollConnection : Connection, IEpollTarget
{
    private readonly EpollPoller _poller;
    private readonly PendingIo _receive;
    private readonly PendingIo _send;
    private int _fd;
    private int _slot = -1;
    private Slab? _receiveInto;
    private Slab? _sendFrom;
    private SplicePipe? _sendPipe;
    private int _sendCount;
    private int _sent;
    private bool _readable;
    private bool _writable;
    private bool _peerClosed;
    private bool _connecting;
    private bool _isBroken;
    private int _brokenBy;
    private bool _isEndReceived;

    private EpollConnection(EventLoop loop, EpollPoller poller, int fd)
        : base(loop)
    {
        _poller = poller;
        _fd = fd;
        _receive = new PendingIo(loop);
        _send = new PendingIo(loop);
    }

    public override bool IsPeerClosed => _peerClosed;

    protected override bool HasUnreadCore => _readable;

    /// <summary>Takes over a connected, non-blocking descriptor. Null: it could not be added to epoll and is closed.</summary>
    public static EpollConnection? Accepted(EventLoop loop, EpollPoller poller, int fd, PeerAddress local, PeerAddress remote)
    {
        var connection = new EpollConnection(loop, poller, fd) { Local = local, Remote = remote, _writable = true };
        return connection.Register() == 0 ? connection : null;
    }

    /// <summary>Takes over a descriptor on which connect is under way; await <see cref="ConnectedAsync"/> next.</summary>
    public static EpollConnection? Connecting(EventLoop loop, EpollPoller poller, int fd, PeerAddress remote, out int errno)
    {
        var connection = new EpollConnection(loop, poller, fd) { Remote = remote, _connecting = true };
        errno = connection.Register();
        return errno == 0 ? connection : null;
    }

    /// <summary>Waits for the handshake; on failure the connection is closed.</summary>
    public ValueTask<IoResult> ConnectedAsync(Deadline deadline, CancellationToken cancellationToken) => _send.Wait(deadline, cancellationToken);

    /// <summary>
    /// The connection tracking of the kernel keeps the destination from before a REDIRECT or DNAT rule. Where it tracks connections and rewrote nothing, it
    /// answers with the address that the socket has.
    /// </summary>
    public override PeerAddress? OriginalDestination()
    {
        Loop.CheckThread();
        if (IsClosed)
        {
            return null;
        }

        var own = SocketAddresses.LocalOf(_fd);
        if (own.IsUnix)
        {
            return null;
        }

        // What counts is the address and not the socket's family: one of IPv6 that carries IPv4 is tracked as IPv4.
        var address = stackalloc byte[SocketAddresses.MaxLength];
        var length = SocketAddresses.MaxLength;
        var status = own.IsV4
            ? Libc.GetSocketOption(_fd, Libc.SOL_IP, Libc.SO_ORIGINAL_DST, address, &length)
            : Libc.GetSocketOption(_fd, Libc.IPPROTO_IPV6, Libc.IP6T_SO_ORIGINAL_DST, address, &length);
        if (status < 0)
        {
            return null;
        }

        var original = SocketAddresses.ReadPeer(new ReadOnlySpan<byte>(address, length));
        return original.IsUnix || original.Equals(own) ? null : original;
    }

    protected override ValueTask<IoResult> WaitReadableCoreAsync(Deadline deadline, CancellationToken cancellationToken)
    {
        Loop.CheckThread();
        if (IsClosed)
        {
            return new ValueTask<IoResult>(IoResult.Fail(IoError.Closed));
        }

        if (_readable || _peerClosed)
        {
            return new ValueTask<IoResult>(IoResult.Done(1));
        }

        var task = _receive.Wait(deadline, cancellationToken);
        // Left by a receive that ran into its deadline; its slab belongs to somebody else by now.
        _receiveInto = null;
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

        if (_readable && !_receive.IsPending && TryReceive(slab, out var result))
        {
            return new ValueTask<IoResult>(result);
        }

        var task = _receive.Wait(deadline, cancellationToken);
        _receiveInto = _receive.IsPending ? slab : null;
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

    public override IoResult ReceiveInto(SplicePipe pipe)
    {
        Loop.CheckThread();
        if (IsClosed || _brokenBy != 0)
        {
            return IsClosed ? IoResult.Fail(IoError.Closed) : Errno.Result(_brokenBy);
        }

        var count = Splice(_fd, pipe.WriteEnd, pipe.Capacity, out var errno);
        switch (errno)
        {
            case 0:
                // How much it took says nothing of how much is left: only EAGAIN does.
                _isEndReceived |= count == 0;
                pipe.Length += count;
                return IoResult.Done(count);
            case Libc.EAGAIN:
                _readable = false;
                return IoResult.Fail(IoError.TimedOut);
            case Libc.ENOSYS or Libc.EINVAL or Libc.EPERM:
                pipe.Refused();
                return IoResult.Fail(IoError.TimedOut);
            default:
                _brokenBy = errno;
                _peerClosed = true;
                return Errno.Result(errno);
        }
    }

    public override ValueTask<IoResult> SendAsync(SplicePipe pipe)
    {
        Loop.CheckThread();
        if (IsClosed)
        {
            return new ValueTask<IoResult>(IoResult.Fail(IoError.Closed));
        }

        if (_send.IsPending)
        {
            throw new InvalidOperationException("a send is already under way");
        }

        _sendPipe = pipe;
        _sent = 0;
        if (TrySplice(out var result))
        {
            _sendPipe = null;
            return new ValueTask<IoResult>(result);
        }

        return _send.Wait(default, default);
    }

    public override ValueTask<IoResult> ShutdownAsync()
    {
        Loop.CheckThread();
        return new ValueTask<IoResult>(
            IsClosed ? IoResult.Fail(IoError.Closed) :
            Libc.Shutdown(_fd, Libc.SHUT_WR) == 0 ? IoResult.Done(0) : Errno.Result(Errno.Last));
    }

    public override void Close()
    {
        if (IsClosed)
        {
            return;
        }

        Loop.CheckThread();
        IsClosed = true;
        ReleasePutBack();
        _poller.Remove(_slot);
        Libc.Close(_fd);
        _fd = -1;
        _receiveInto = null;
        _sendFrom = null;
        _sendPipe = null;
        _receive.Close();
        _send.Close();
    }

    public override void Abort()
    {
        if (!IsClosed)
        {
            // struct linger { on, seconds }: on with zero seconds sends a reset.
            var linger = stackalloc int[2] { 1, 0 };
            Libc.SetSocketOption(_fd, Libc.SOL_SOCKET, Libc.SO_LINGER, linger, 2 * sizeof(int));
            Close();
        }
    }

    void IEpollTarget.OnEvents(uint flags)
    {
        if (_connecting)
        {
            FinishConnect(flags);
            return;
        }

        if ((flags & (Libc.EPOLLIN | Libc.EPOLLRDHUP | Libc.EPOLLHUP | Libc.EPOLLERR)) != 0)
        {
            _readable = true;
            _peerClosed |= (flags & (Libc.EPOLLRDHUP | Libc.EPOLLHUP | Libc.EPOLLERR)) != 0;
            // EPOLLHUP alone is both directions closed in order: only an error is a reset.
            _isBroken |= (flags & Libc.EPOLLERR) != 0;
            ContinueReceive();
        }

        // The receive's continuation may have closed this connection.
        if (!IsClosed && (flags & (Libc.EPOLLOUT | Libc.EPOLLERR | Libc.EPOLLHUP)) != 0)
        {
            _writable = true;
            ContinueSend();
        }
    }

    protected override void OnWatched()
    {
        if (_peerClosed)
        {
            Loop.Defer(static state =>
            {
                var connection = (EpollConnection)state!;
                connection.TellOfPeer();
            }, this);
        }
    }

    protected override SplicePipe? TryRentPipeCore(Connection to) =>
        to is EpollConnection && !Remote.IsUnix && !to.Remote.IsUnix ? _poller.Pipes.TryRent() : null;

    private int Register()
    {
        _slot = _poller.Add(_fd, this, Libc.EPOLLIN | Libc.EPOLLOUT | Libc.EPOLLRDHUP | Libc.EPOLLET);
        if (_slot >= 0)
        {
            return 0;
        }

        var errno = -_slot;
        Libc.Close(_fd);
        _fd = -1;
        IsClosed = true;
        return errno;
    }

    private void FinishConnect(uint flags)
    {
        // A socket that is not yet connected reports EPOLLHUP before connect returns; only what comes with the wait counts.
        if (!_send.IsPending)
        {
            return;
        }

        int error = 0, length = sizeof(int);
        Libc.GetSocketOption(_fd, Libc.SOL_SOCKET, Libc.SO_ERROR, &error, &length);
        if (error == 0 && (flags & Libc.EPOLLOUT) == 0)
        {
            return;
        }

        _connecting = false;
        _writable = error == 0;
        _readable = (flags & Libc.EPOLLIN) != 0;
        _peerClosed = (flags & (Libc.EPOLLRDHUP | Libc.EPOLLHUP)) != 0;
        _send.Complete(error == 0 ? IoResult.Done(0) : Errno.Result(error));
    }

    private void ContinueReceive()
    {
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

        // Bytes and the end may come as one event: a continuation that took the bytes and receives no more has not seen the end.
        TellOfPeer();
    }

    // What a receive has reported is not told again.
    private void TellOfPeer()
    {
        if (_peerClosed && !_receive.IsPending && _brokenBy == 0)
        {
            TellWatcher(!_isEndReceived, _isBroken);
        }
    }

    private void ContinueSend()
    {
        if (_send.IsPending && _sendFrom is not null && TrySend(out var result))
        {
            _sendFrom = null;
            _send.Complete(result);
        }
        else if (_send.IsPending && _sendPipe is not null && TrySplice(out result))
        {
            _sendPipe = null;
            _send.Complete(result);
        }
    }

    private bool TryReceive(Slab slab, out IoResult result)
    {
        // The system reports an error once, and the end of the stream from then on; here a broken connection stays broken.
        if (_brokenBy != 0)
        {
            result = Errno.Result(_brokenBy);
            return true;
        }

        var free = slab.Free;
        nint count;
        int errno;
        do
        {
            fixed (byte* pointer = free)
            {
                count = Libc.Receive(_fd, pointer, free.Length, 0);
            }

            errno = count < 0 ? Errno.Last : 0;
        }
        while (errno == Libc.EINTR);

        if (count < 0)
        {
            result = Errno.Result(errno);
            if (errno == Libc.EAGAIN)
            {
                _readable = false;
                return false;
            }

            _brokenBy = errno;
            _peerClosed = true;
            return true;
        }

        _isEndReceived |= count == 0;

        // epoll(7): on a stream socket a short read means that nothing is left, and more will be a new edge. The end must still be read.
        if (count < free.Length && !_peerClosed)
        {
            _readable = false;
        }

        slab.Advance((int)count);
        result = IoResult.Done((int)count);
        return true;
    }

    private bool TrySend(out IoResult result)
    {
        var slab = _sendFrom!;
        while (_writable)
        {
            nint count;
            var part = slab.Filled[..(_sendCount - _sent)];
            fixed (byte* pointer = part)
            {
                count = Libc.Send(_fd, pointer, part.Length, Libc.MSG_NOSIGNAL);
            }

            if (count < 0)
            {
                var errno = Errno.Last;
                if (errno == Libc.EINTR)
                {
                    continue;
                }

                if (errno == Libc.EAGAIN)
                {
                    _writable = false;
                    break;
                }

                result = Errno.Result(errno);
                return true;
            }

            slab.Consume((int)count);
            _sent += (int)count;
            if (_sent == _sendCount)
            {
                result = IoResult.Done(_sent);
                return true;
            }

            // A short write: the socket's buffer is full, the edge will come.
            _writable = false;
        }

        result = default;
        return false;
    }

    private bool TrySplice(out IoResult result)
    {
        var pipe = _sendPipe!;
        while (_writable && pipe.Length > 0)
        {
            var count = Splice(pipe.ReadEnd, _fd, pipe.Length, out var errno);
            if (errno == Libc.EAGAIN)
            {
                _writable = false;
            }
            else if (errno != 0)
            {
                result = Errno.Result(errno);
                return true;
            }

            pipe.Length -= count;
            _sent += count;
        }

        result = IoResult.Done(_sent);
        return pipe.Length == 0;
    }

    private static int Splice(int from, int to, int length, out int errno)
    {
        nint count;
        do
        {
            count = Libc.Splice(from, null, to, null, length, Libc.SPLICE_F_MOVE | Libc.SPLICE_F_NONBLOCK);
            errno = count < 0 ? Errno.Last : 0;
        }
        while (errno == Libc.EINTR);
        return Math.Max(0, (int)count);
    }
}
