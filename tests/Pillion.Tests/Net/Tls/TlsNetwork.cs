using System.Diagnostics.CodeAnalysis;
using System.Net;
using Pillion.Net.Loop;
using Pillion.Net.Sockets;
using Pillion.Net.Tls;

namespace Pillion.Tests.Net.Tls;

/// <summary>Another network with TLS on every connection: what holds for connections in the clear must hold for these.</summary>
internal sealed class TlsNetwork(Network inner) : Network
{
    // Without tickets: a client that leaves before it has read them leaves with a reset, as any socket with bytes unread.
    private readonly TlsServerContext _server = new(TlsFixture.ServerSettings with { Resumption = false });
    private readonly TlsClientContext _client = new(TlsFixture.ClientSettings);

    public Network Inner => inner;

    public override EventLoop CreateLoop(int index, TimeProvider time) => inner.CreateLoop(index, time);

    public override ListenResult Listen(EventLoop loop, EndPoint endPoint, bool shared)
    {
        var result = inner.Listen(loop, endPoint, shared);
        return result.Listener is null ? result : new ListenResult(new TlsListener(result.Listener, _server), IoError.None);
    }

    public override void Released(EndPoint endPoint) => inner.Released(endPoint);

    public override async ValueTask<ConnectResult> ConnectAsync(EventLoop loop, EndPoint endPoint, Deadline deadline = default, CancellationToken cancellationToken = default)
    {
        var result = await inner.ConnectAsync(loop, endPoint, deadline, cancellationToken);
        if (result.Connection is null)
        {
            return result;
        }

        var shaken = await TlsHandshake.ConnectAsync(result.Connection, _client, "server.test", deadline, cancellationToken, endPoint.ToString());
        return shaken.Connection is null ? new ConnectResult(null, IoError.Reset) : new ConnectResult(shaken.Connection, IoError.None);
    }

    /// <summary>Accepts and shakes hands before it is asked: whoever connects waits for the handshake.</summary>
    private sealed class TlsListener : Listener
    {
        private readonly Listener _inner;
        private readonly TlsServerContext _context;
        private readonly PendingAccept _accept;
        private readonly Queue<Connection> _ready = [];
        private bool _isClosed;
        private bool _isEnded;
        private int _shaking;

        [SetsRequiredMembers]
        public TlsListener(Listener inner, TlsServerContext context)
            : base(inner.Loop)
        {
            LocalEndPoint = inner.LocalEndPoint;
            _inner = inner;
            _context = context;
            _accept = new PendingAccept(Loop);
            Loop.Post(() => _ = AcceptAllAsync());
        }

        public override ValueTask<AcceptResult> AcceptAsync(CancellationToken cancellationToken = default) =>
            _ready.TryDequeue(out var connection) ? new(new AcceptResult(connection, IoError.None)) :
            _isEnded || (_isClosed && _shaking == 0) ? new(new AcceptResult(null, IoError.Closed)) : _accept.Wait(cancellationToken);

        public override void Close()
        {
            _isClosed = true;
            _inner.Close();
        }

        private async Task AcceptAllAsync()
        {
            while (await _inner.AcceptAsync() is { Connection: { } connection })
            {
                _shaking++;
                _ = ShakeAsync(connection);
            }

            _isEnded = _shaking == 0;
            if (_isEnded)
            {
                _accept.Complete(new AcceptResult(null, IoError.Closed));
            }
        }

        private async Task ShakeAsync(Connection connection)
        {
            var result = await TlsHandshake.AcceptAsync(connection, _context, Deadline.After(Loop, TimeSpan.FromSeconds(20)));
            _shaking--;
            if (result.Connection is { } shaken)
            {
                if (_accept.IsPending)
                {
                    _accept.Complete(new AcceptResult(shaken, IoError.None));
                }
                else
                {
                    _ready.Enqueue(shaken);
                }
            }
        }
    }
}
