using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Pillion.Net.Loop;
using Pillion.Net.Sockets;

namespace Pillion.Net.Portable;

/// <summary>.NET's own sockets behind the loop's interface: for macOS and Windows, and on Linux where epoll is not to be used.</summary>
internal sealed class PortableNetwork : Network
{
    private const int Backlog = 1024;

    private readonly Lock _lock = new();
    private readonly Dictionary<EndPoint, PortableAcceptor> _shared = [];

    public override EventLoop CreateLoop(int index, TimeProvider time) => new(index, new ParkingPoller(), time);

    public override ListenResult Listen(EventLoop loop, EndPoint endPoint, bool shared)
    {
        lock (_lock)
        {
            // Neither macOS nor Windows spreads connections over sockets of one address: loops share one socket instead.
            if (shared && _shared.TryGetValue(endPoint, out var existing) && existing.TryJoin())
            {
                return new ListenResult(new PortableListener(loop, existing), IoError.None);
            }

            if (endPoint is UnixDomainSocketEndPoint unix && !UnixPath.TryClearStale(unix.ToString()!))
            {
                return new ListenResult(null, IoError.AddressInUse, (int)SocketError.AddressAlreadyInUse);
            }

            var socket = NewSocket(endPoint);
            try
            {
                if (OperatingSystem.IsWindows())
                {
                    socket.ExclusiveAddressUse = true;
                }

                if (endPoint.AddressFamily == AddressFamily.InterNetworkV6)
                {
                    socket.DualMode = false;
                }

                socket.Bind(endPoint);
                socket.Listen(Backlog);
                socket.Blocking = false;
            }
            catch (SocketException exception)
            {
                socket.Dispose();
                return new ListenResult(null, PortableErrors.Map(exception.SocketErrorCode), (int)exception.SocketErrorCode);
            }

            var acceptor = new PortableAcceptor(socket, Forget);
            acceptor.TryJoin();
            if (shared)
            {
                _shared[acceptor.LocalEndPoint] = acceptor;
            }

            return new ListenResult(new PortableListener(loop, acceptor), IoError.None);
        }
    }

    public override ValueTask<ConnectResult> ConnectAsync(EventLoop loop, EndPoint endPoint, Deadline deadline = default, CancellationToken cancellationToken = default)
    {
        loop.CheckThread();
        Socket socket;
        try
        {
            socket = NewSocket(endPoint);
        }
        catch (SocketException exception)
        {
            return new ValueTask<ConnectResult>(Failed(exception.SocketErrorCode, endPoint));
        }

        return new PortableConnect(loop, socket, endPoint).RunAsync(deadline, cancellationToken);
    }

    /// <summary>The connection on a connected socket; one whose peer has left already reports that itself.</summary>
    internal static PortableConnection Connected(EventLoop loop, Socket socket)
    {
        if (socket.AddressFamily == AddressFamily.Unix)
        {
            return new PortableConnection(loop, socket, PeerAddress.Unix);
        }

        var remote = default(PeerAddress);
        try
        {
            socket.NoDelay = true;
            remote = PeerAddress.From(socket.RemoteEndPoint);
        }
        catch (SocketException)
        {
            // The first receive will tell.
        }

        return new PortableConnection(loop, socket, remote);
    }

    // ENOENT and its like, of a Unix path: nobody listens there.
    internal static ConnectResult Failed(SocketError error, EndPoint endPoint) =>
        new(null, endPoint is UnixDomainSocketEndPoint && error is SocketError.AddressNotAvailable or SocketError.SocketError ? IoError.Refused : PortableErrors.Map(error), (int)error);

    private static Socket NewSocket(EndPoint endPoint) => new(
        endPoint.AddressFamily, SocketType.Stream, endPoint.AddressFamily == AddressFamily.Unix ? ProtocolType.Unspecified : ProtocolType.Tcp);

    private void Forget(PortableAcceptor acceptor)
    {
        lock (_lock)
        {
            if (_shared.TryGetValue(acceptor.LocalEndPoint, out var current) && ReferenceEquals(current, acceptor))
            {
                _shared.Remove(acceptor.LocalEndPoint);
            }
        }
    }

    /// <summary>One connect, and who waits for it.</summary>
    private sealed class PortableConnect
    {
        private readonly EventLoop _loop;
        private readonly Socket _socket;
        private readonly EndPoint _endPoint;
        private readonly PendingIo _pending;
        private readonly PortableOperation _operation;

        public PortableConnect(EventLoop loop, Socket socket, EndPoint endPoint)
        {
            _loop = loop;
            _socket = socket;
            _endPoint = endPoint;
            _pending = new PendingIo(loop);
            _operation = new PortableOperation(_ => loop.Post(static state => ((PortableConnect)state!).OnConnected(), this)) { RemoteEndPoint = endPoint };
        }

        [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
        public async ValueTask<ConnectResult> RunAsync(Deadline deadline, CancellationToken cancellationToken)
        {
            var waiting = _pending.Wait(deadline, cancellationToken);
            if (_pending.IsPending && !_socket.ConnectAsync(_operation))
            {
                _loop.Defer(static state => ((PortableConnect)state!).OnConnected(), this);
            }

            var result = await waiting;
            _pending.Close();
            if (!result.IsOk)
            {
                _socket.Dispose();
                return new ConnectResult(null, result.Error, result.Code);
            }

            var error = _operation.SocketError;
            if (error != SocketError.Success)
            {
                _socket.Dispose();
                return Failed(error, _endPoint);
            }

            return new ConnectResult(Connected(_loop, _socket), IoError.None);
        }

        private void OnConnected()
        {
            _pending.Complete(IoResult.Done(0));
            _operation.Dispose();
        }
    }
}
