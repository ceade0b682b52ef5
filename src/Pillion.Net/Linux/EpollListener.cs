using System.Net;
using System.Net.Sockets;
using Pillion.Net.Loop;
using Pillion.Net.Sockets;

namespace Pillion.Net.Linux;

/// <summary>A listening socket on one loop.</summary>
internal sealed unsafe class EpollListener : Listener, IEpollTarget
{
    private readonly EpollPoller _poller;
    private readonly PendingAccept _accept;

    // What the kernel had completed when this listener was closed.
    private readonly Queue<AcceptResult> _drained = [];
    private readonly bool _isTcp;
    private readonly PeerAddress _local;

    // Bound to every address: each connection has to be asked for its own.
    private readonly bool _isAnyAddress;
    private int _fd;
    private int _slot;
    private bool _ready = true;
    private bool _isClosed;

    [System.Diagnostics.CodeAnalysis.SetsRequiredMembers]
    private EpollListener(EventLoop loop, EpollPoller poller, int fd, EndPoint local)
        : base(loop)
    {
        _poller = poller;
        _accept = new PendingAccept(loop);
        _fd = fd;
        _isTcp = local is IPEndPoint;
        _local = PeerAddress.From(local);
        _isAnyAddress = local is IPEndPoint ip && (ip.Address.Equals(IPAddress.Any) || ip.Address.Equals(IPAddress.IPv6Any));
        LocalEndPoint = local;
    }

    public static ListenResult Bind(EventLoop loop, EpollPoller poller, EndPoint endPoint, bool shared, int backlog)
    {
        var fd = Libc.Socket(SocketAddresses.Family(endPoint), Libc.SOCK_STREAM | Libc.SOCK_NONBLOCK | Libc.SOCK_CLOEXEC, 0);
        if (fd < 0)
        {
            return Failed(fd);
        }

        var isTcp = endPoint is IPEndPoint;
        if (isTcp)
        {
            Libc.SetOption(fd, Libc.SOL_SOCKET, Libc.SO_REUSEADDR, 1);
            if (shared)
            {
                Libc.SetOption(fd, Libc.SOL_SOCKET, Libc.SO_REUSEPORT, 1);
            }

            // One family, one socket: 0.0.0.0 and [::] may then both be configured.
            if (endPoint.AddressFamily == AddressFamily.InterNetworkV6)
            {
                Libc.SetOption(fd, Libc.IPPROTO_IPV6, Libc.IPV6_V6ONLY, 1);
            }
        }

        var address = stackalloc byte[SocketAddresses.MaxLength];
        var length = SocketAddresses.Write(endPoint, new Span<byte>(address, SocketAddresses.MaxLength));
        if (Libc.Bind(fd, address, length) < 0 || Libc.Listen(fd, backlog) < 0)
        {
            return Failed(fd);
        }

        if (isTcp)
        {
            length = SocketAddresses.MaxLength;
            Libc.GetSocketName(fd, address, &length);
            var bound = SocketAddresses.ReadPeer(new ReadOnlySpan<byte>(address, length));
            endPoint = new IPEndPoint(((IPEndPoint)endPoint).Address, bound.Port);
        }

        var listener = new EpollListener(loop, poller, fd, endPoint);
        listener._slot = poller.Add(fd, listener, Libc.EPOLLIN | Libc.EPOLLET);
        return listener._slot >= 0 ? new ListenResult(listener, IoError.None) : Failed(fd);
    }

    public override ValueTask<AcceptResult> AcceptAsync(CancellationToken cancellationToken = default)
    {
        Loop.CheckThread();
        if (_isClosed)
        {
            return new ValueTask<AcceptResult>(_drained.TryDequeue(out var drained) ? drained : new AcceptResult(null, IoError.Closed));
        }

        return _ready && !_accept.IsPending && TryAccept(out var result) ? new ValueTask<AcceptResult>(result) : _accept.Wait(cancellationToken);
    }

    public override void Close()
    {
        Loop.CheckThread();
        if (_isClosed)
        {
            return;
        }

        // What the kernel has completed is accepted first; a closed listener would reset it. The socket is closed at once even when nobody accepts
        // at the moment, so that the address is free when this returns.
        while (TryAccept(out var result) && result.Connection is not null)
        {
            _drained.Enqueue(result);
        }

        _isClosed = true;
        _poller.Remove(_slot);
        Libc.Close(_fd);
        _fd = -1;
        if (_accept.IsPending)
        {
            _accept.Complete(_drained.TryDequeue(out var drained) ? drained : new AcceptResult(null, IoError.Closed));
        }
    }

    void IEpollTarget.OnEvents(uint flags)
    {
        _ready = true;
        // The continuation accepts on until the queue is empty, inline.
        if (_accept.IsPending && TryAccept(out var result))
        {
            _accept.Complete(result);
        }
    }

    private static ListenResult Failed(int fd)
    {
        var errno = Errno.Last;
        if (fd >= 0)
        {
            Libc.Close(fd);
        }

        return new ListenResult(null, Errno.Map(errno), errno);
    }

    private bool TryAccept(out AcceptResult result)
    {
        var address = stackalloc byte[SocketAddresses.MaxLength];
        while (true)
        {
            var length = SocketAddresses.MaxLength;
            var fd = Libc.Accept4(_fd, address, &length, Libc.SOCK_NONBLOCK | Libc.SOCK_CLOEXEC);
            if (fd >= 0)
            {
                if (_isTcp)
                {
                    Libc.SetOption(fd, Libc.IPPROTO_TCP, Libc.TCP_NODELAY, 1);
                }

                var remote = _isTcp ? SocketAddresses.ReadPeer(new ReadOnlySpan<byte>(address, length)) : PeerAddress.Unix;
                var local = _isAnyAddress ? SocketAddresses.LocalOf(fd) : _local;
                var connection = EpollConnection.Accepted(Loop, _poller, fd, local, remote);
                result = connection is null ? new AcceptResult(null, IoError.Exhausted) : new AcceptResult(connection, IoError.None);
                return true;
            }

            var errno = Errno.Last;
            if (errno == Libc.EINTR || Errno.IsOfOneConnection(errno))
            {
                continue;
            }

            result = new AcceptResult(null, Errno.Map(errno), errno);
            if (errno == Libc.EAGAIN)
            {
                _ready = false;
                return false;
            }

            // Out of descriptors: the queue is not empty and no edge will come for it; the caller waits a little and asks again.
            return true;
        }
    }
}
