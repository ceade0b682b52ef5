using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Pillion.Net.Loop;
using Pillion.Net.Sockets;

namespace Pillion.Net.Linux;

/// <summary>Sockets on epoll loops.</summary>
internal sealed class EpollNetwork : Network
{
    private const int Backlog = 4096;

    private readonly HashSet<EndPoint> _shared = [];
    private readonly Lock _sharedLock = new();

    /// <summary>
    /// The mark of every upstream socket (SO_MARK), by which capture rules tell the sidecar's own connections from its application's; 0 is none.
    /// Set before the first connection.
    /// </summary>
    public int Mark { get; set; }

    /// <summary>The kernel refused a mark, which takes CAP_NET_ADMIN (or CAP_NET_RAW from 5.17 on): capture rules have to know the sidecar by its user.</summary>
    public bool IsMarkRefused { get; private set; }

    /// <summary>Whether this process may mark its sockets, tried on one that is thrown away.</summary>
    public static unsafe bool CanMark()
    {
        var fd = Libc.Socket(Libc.AF_INET, Libc.SOCK_STREAM | Libc.SOCK_CLOEXEC, 0);
        if (fd < 0)
        {
            return false;
        }

        var mark = 1;
        var canMark = Libc.SetSocketOption(fd, Libc.SOL_SOCKET, Libc.SO_MARK, &mark, sizeof(int)) == 0;
        Libc.Close(fd);
        return canMark;
    }

    public override EventLoop CreateLoop(int index, TimeProvider time) => new(index, new EpollPoller(), time);

    public override ListenResult Listen(EventLoop loop, EndPoint endPoint, bool shared)
    {
        if (endPoint is IPEndPoint && shared)
        {
            lock (_sharedLock)
            {
                // SO_REUSEPORT would also let a second program of the same user take half of the connections; the first bind looks for that.
                if (!_shared.Contains(endPoint) && IsTaken(endPoint, out var errno))
                {
                    return new ListenResult(null, Errno.Map(errno), errno);
                }
            }
        }

        if (endPoint is UnixDomainSocketEndPoint unix && !UnixPath.TryClearStale(unix.ToString()!))
        {
            return new ListenResult(null, IoError.AddressInUse, Libc.EADDRINUSE);
        }

        var result = EpollListener.Bind(loop, (EpollPoller)loop.Poller, endPoint, shared, Backlog);
        if (result.Listener is not null && shared)
        {
            lock (_sharedLock)
            {
                _shared.Add(result.Listener.LocalEndPoint);
            }
        }

        return result;
    }

    /// <summary>Forgets that this process shares an address, when its last listener is gone.</summary>
    public override void Released(EndPoint endPoint)
    {
        lock (_sharedLock)
        {
            _shared.Remove(endPoint);
        }
    }

    public override unsafe ValueTask<ConnectResult> ConnectAsync(EventLoop loop, EndPoint endPoint, Deadline deadline = default, CancellationToken cancellationToken = default)
    {
        loop.CheckThread();
        var fd = Libc.Socket(SocketAddresses.Family(endPoint), Libc.SOCK_STREAM | Libc.SOCK_NONBLOCK | Libc.SOCK_CLOEXEC, 0);
        if (fd < 0)
        {
            return Failed(Errno.Last);
        }

        if (endPoint is IPEndPoint)
        {
            Libc.SetOption(fd, Libc.IPPROTO_TCP, Libc.TCP_NODELAY, 1);
            if (Mark != 0 && !IsMarkRefused)
            {
                SetMark(fd);
            }
        }

        var address = stackalloc byte[SocketAddresses.MaxLength];
        var length = SocketAddresses.Write(endPoint, new Span<byte>(address, SocketAddresses.MaxLength));
        var status = Libc.Connect(fd, address, length);
        var errno = status < 0 ? Errno.Last : 0;
        if (errno != 0 && errno != Libc.EINPROGRESS)
        {
            Libc.Close(fd);
            return Failed(errno);
        }

        var poller = (EpollPoller)loop.Poller;
        var remote = PeerAddress.From(endPoint);
        if (errno == 0)
        {
            var connected = EpollConnection.Accepted(loop, poller, fd, default, remote);
            return new ValueTask<ConnectResult>(connected is null ? new ConnectResult(null, IoError.Exhausted) : new ConnectResult(connected, IoError.None));
        }

        var connection = EpollConnection.Connecting(loop, poller, fd, remote, out errno);
        return connection is null ? Failed(errno) : FinishAsync(connection, deadline, cancellationToken);
    }

    // An unmarked connection is still one; that marks are refused is asked for once and for all.
    public override bool TryMark(int mark)
    {
        Mark = mark;
        return mark == 0 || CanMark();
    }

    private unsafe void SetMark(int fd)
    {
        var mark = Mark;
        if (Libc.SetSocketOption(fd, Libc.SOL_SOCKET, Libc.SO_MARK, &mark, sizeof(int)) < 0 && Errno.Last == Libc.EPERM)
        {
            IsMarkRefused = true;
        }
    }

    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    private static async ValueTask<ConnectResult> FinishAsync(EpollConnection connection, Deadline deadline, CancellationToken cancellationToken)
    {
        var result = await connection.ConnectedAsync(deadline, cancellationToken);
        if (result.IsOk)
        {
            return new ConnectResult(connection, IoError.None);
        }

        connection.Close();
        return new ConnectResult(null, result.Error, result.Code);
    }

    private static ValueTask<ConnectResult> Failed(int errno) => new(new ConnectResult(null, Errno.Map(errno), errno));

    private static unsafe bool IsTaken(EndPoint endPoint, out int errno)
    {
        errno = 0;
        if (((IPEndPoint)endPoint).Port == 0)
        {
            return false;
        }

        var fd = Libc.Socket(SocketAddresses.Family(endPoint), Libc.SOCK_STREAM | Libc.SOCK_CLOEXEC, 0);
        if (fd < 0)
        {
            return false;
        }

        Libc.SetOption(fd, Libc.SOL_SOCKET, Libc.SO_REUSEADDR, 1);
        if (endPoint.AddressFamily == AddressFamily.InterNetworkV6)
        {
            Libc.SetOption(fd, Libc.IPPROTO_IPV6, Libc.IPV6_V6ONLY, 1);
        }

        var address = stackalloc byte[SocketAddresses.MaxLength];
        var length = SocketAddresses.Write(endPoint, new Span<byte>(address, SocketAddresses.MaxLength));
        var status = Libc.Bind(fd, address, length);
        errno = status < 0 ? Errno.Last : 0;
        Libc.Close(fd);
        return status < 0;
    }
}
