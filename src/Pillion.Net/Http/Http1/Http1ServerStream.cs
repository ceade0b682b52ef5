using Pillion.Net.Http.Http2;
using Pillion.Net.Loop;
using Pillion.Net.Memory;
using Pillion.Net.Sockets;
using Pillion.Net.Tls;

namespace Pillion.Net.Http.Http1;

/// <summary>An HTTP/1 connection that we serve: one request after the other.</summary>
internal sealed class Http1ServerStream : ServerStream, IPeerWatcher
{
    private readonly Connection _connection;
    private readonly Http1Reader _reader;
    private readonly Http1Writer _writer;
    private RequestHead? _request;

    public Http1ServerStream(Connection connection, HttpRules rules)
    {
        _connection = connection;
        _reader = new Http1Reader(connection, rules, SlabPool.Small);
        _writer = new Http1Writer(connection);
        connection.Watcher = this;
    }

    // Rented by the reader when the first byte of a request is here.
    public override RequestHead Request => _request ??= RequestHeads.Rent();

    public override PeerAddress Remote => _connection.Remote;

    public override PeerAddress Local => _connection.Local;

    public override TlsDetails? Tls => _connection.Tls;

    public override bool HasBufferedBody => _reader.HasBufferedBody;

    public override bool IsBodyReceived => _reader.IsBodyReceived;

    public bool IsClosed => _connection.IsClosed;

    /// <summary>A further request, or the beginning of one, has already arrived.</summary>
    public bool HasPipelined => _reader.IsBodyReceived && _reader.HasBuffered;

    /// <summary>The rules of the newest configuration apply from the next request on.</summary>
    public HttpRules Rules
    {
        set => _reader.Rules = value;
    }

    public ValueTask<HeadResult> ReceiveHeadAsync(Deadline idle, TimeSpan headTimeout)
    {
        ReleaseRequest();
        Trailers.Clear();
        return _reader.ReceiveRequestHeadAsync(this, idle, headTimeout);
    }

    public override ValueTask<BodyPart> ReceiveBodyAsync(CancellationToken cancellationToken) => _reader.ReceiveBodyAsync(Trailers, cancellationToken);

    public override ValueTask<IoResult> SendInterimAsync(ResponseHead head)
    {
        // RFC 9110 §15.2: a client that speaks HTTP/1.0 is sent no 1xx.
        if (Request.Version == 10)
        {
            return new ValueTask<IoResult>(IoResult.Done(0));
        }

        _writer.WriteResponseHead(head, close: false, Request.Version);
        return _writer.FlushAsync();
    }

    public override bool WriteHead(ResponseHead head, bool close) => _writer.WriteResponseHead(head, close, Request.Version);

    public override ValueTask<IoResult> SendBodyAsync(Slab slab, int count) => _writer.SendBodyAsync(slab, count);

    public override ValueTask<IoResult> FinishAsync(FieldList? trailers) => _writer.FinishAsync(trailers);

    public override ValueTask<IoResult> FlushAsync() => _writer.FlushAsync();

    public override void BeginTunnel()
    {
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

    /// <summary>Says that no more will be sent.</summary>
    public async ValueTask<IoResult> ShutdownAsync()
    {
        var flushed = await _writer.FlushAsync();
        return flushed.IsOk ? await _connection.ShutdownAsync() : flushed;
    }

    /// <summary>Receives and drops whatever comes until the peer ends or the deadline passes, so that the answer is read before a reset can destroy it (RFC 9112 §9.6).</summary>
    public async ValueTask LingerAsync(Deadline deadline)
    {
        _reader.ReleaseSlab();
        while (!_connection.IsClosed && (await _connection.WaitReadableAsync(deadline)).IsOk)
        {
            var slab = _connection.Loop.Slabs.Rent();
            var result = await _connection.ReceiveAsync(slab, deadline);
            _connection.Loop.Slabs.Return(slab);
            if (!result.IsOk || result.Count == 0)
            {
                return;
            }
        }
    }

    /// <summary>Closes the connection and gives back what it holds.</summary>
    public void Dispose()
    {
        _connection.Watcher = null;
        _connection.Close();
        _reader.ReleaseSlab();
        _writer.Release();
        ReleaseRequest();
    }

    private void ReleaseRequest()
    {
        if (_request is not null)
        {
            RequestHeads.Return(_request);
            _request = null;
        }
    }

    void IPeerWatcher.PeerClosed(Connection connection, bool isReset) => ClientWatcher?.ClientLeft(isReset);
}
