using Pillion.Net.Http.Http2;
using Pillion.Net.Memory;
using Pillion.Net.Sockets;

namespace Pillion.Net.Http.Http1;

/// <summary>An HTTP/1 connection to an upstream: one request at a time; between requests it waits in a pool.</summary>
internal sealed class Http1ClientStream : ClientStream, IPeerWatcher
{
    private readonly Connection _connection;
    private readonly Http1Reader _reader;
    private readonly Http1Writer _writer;
    private bool _isFinished;

    public Http1ClientStream(Connection connection, HttpRules rules)
    {
        _connection = connection;
        _reader = new Http1Reader(connection, rules, SlabPool.Medium);
        _writer = new Http1Writer(connection);
        connection.Watcher = this;
    }

    /// <summary>Requests begun on this connection.</summary>
    public int Requests { get; private set; }

    public override bool IsReused => Requests > 1;

    public override bool SentAnything => _writer.SentAnything;

    public override bool HasBufferedBody => _reader.HasBufferedBody;

    public override bool IsBodyReceived => _reader.IsBodyReceived;

    public bool IsClosed => _connection.IsClosed;

    /// <summary>The upstream closed the connection, or its sending half.</summary>
    public bool IsPeerClosed => _connection.IsPeerClosed;

    public PeerAddress Remote => _connection.Remote;

    public PeerAddress Local => _connection.Local;

    /// <summary>The exchange is complete in both directions, the upstream keeps the connection, and it sent nothing beyond its answer.</summary>
    public bool IsReusable => _isFinished && _reader.KeepAlive && _reader.IsBodyReceived && !_reader.HasBuffered
        && !_writer.HasPending && !_connection.IsClosed && !_connection.IsPeerClosed;

    /// <summary>The upstream may have sent something that nobody has received.</summary>
    public bool HasUnread => _reader.HasBuffered || _connection.HasUnread;

    /// <summary>Gives back what a connection that waits does not need: of an answer that nobody read to its end, the emptied buffer.</summary>
    public void Rest() => _reader.ReleaseIfEmpty();

    /// <summary>Told when the upstream closes the connection while it is idle.</summary>
    public Action<Http1ClientStream>? ClosedByPeer { get; set; }

    public override bool WriteHead(RequestHead head)
    {
        Requests++;
        _reader.KeepAlive = false;
        _isFinished = false;
        Trailers.Clear();
        return _writer.WriteRequestHead(head);
    }

    public override ValueTask<HeadResult> ReceiveHeadAsync(ResponseHead head, HttpMethod requestMethod, CancellationToken cancellationToken = default)
    {
        head.Clear();
        return _reader.ReceiveResponseHeadAsync(head, requestMethod, cancellationToken);
    }

    public override ValueTask<BodyPart> ReceiveBodyAsync(CancellationToken cancellationToken) => _reader.ReceiveBodyAsync(Trailers, cancellationToken);

    public override ValueTask<IoResult> SendBodyAsync(Slab slab, int count) => _writer.SendBodyAsync(slab, count);

    public override ValueTask<IoResult> FinishAsync(FieldList? trailers)
    {
        _isFinished = true;
        return _writer.FinishAsync(trailers);
    }

    public override ValueTask<IoResult> FlushAsync() => _writer.FlushAsync();

    public override void BeginTunnel()
    {
        _reader.KeepAlive = false;
        _reader.BeginTunnel();
        _writer.BeginTunnel();
    }

    public override void Abort(bool reset, Http2Error? code = null)
    {
        if (reset)
        {
            _connection.Abort();
        }
        else
        {
            _connection.Close();
        }
    }

    /// <summary>Closes the connection and gives back what it holds.</summary>
    public void Dispose()
    {
        _connection.Watcher = null;
        _connection.Close();
        _reader.ReleaseSlab();
        _writer.Release();
    }

    void IPeerWatcher.PeerClosed(Connection connection, bool isReset) => ClosedByPeer?.Invoke(this);
}
