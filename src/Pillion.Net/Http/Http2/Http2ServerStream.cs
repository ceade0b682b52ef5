using Pillion.Net.Http.Http1;
using Pillion.Net.Memory;
using Pillion.Net.Sockets;
using Pillion.Net.Tls;

namespace Pillion.Net.Http.Http2;

/// <summary>One request that a client sent over HTTP/2, and its answer.</summary>
internal sealed class Http2ServerStream : ServerStream, IStreamUser
{
    private Http2ServerConnection _connection = null!;
    private RequestHead? _request;
    private bool _hasArrived;
    private bool _isExtended;
    private bool _wasLeftTold;

    public Http2ServerStream() => Stream = new Http2Stream(this);

    public Http2Stream Stream { get; }

    /// <summary>The rule that the head breaks, to be answered with its status; what can be said of the request is in <see cref="Request"/>.</summary>
    public HttpViolation Violation { get; private set; }

    public Http2ServerConnection Connection => _connection;

    public override RequestHead Request => _request!;

    public override PeerAddress Remote => _connection.Remote;

    public override PeerAddress Local => _connection.Local;

    public override TlsDetails? Tls => _connection.Tls;

    public override bool HasBufferedBody => Stream.HasBuffered;

    public override bool IsBodyReceived => Stream.IsReceived;

    public override Http2Error? PeerReset => Stream.PeerReset;

    public override ValueTask<BodyPart> ReceiveBodyAsync(CancellationToken cancellationToken = default) => Stream.ReceiveBodyAsync(cancellationToken);

    public override ValueTask<IoResult> SendInterimAsync(ResponseHead head)
    {
        if (!Stream.IsDead && !Stream.IsLocalEnded)
        {
            _connection.Blocks.TryWrite(Stream, head, head.Status, isSwitch: false);
        }

        return Stream.FlushAsync();
    }

    public override bool WriteHead(ResponseHead head, bool close)
    {
        if (Stream.IsDead || Stream.IsLocalEnded)
        {
            // Learnt from the next operation.
            return true;
        }

        var status = head.Status;
        var isSwitch = Request.Method == HttpMethod.Connect && status is >= 200 and < 300;
        if (status == 101)
        {
            // RFC 8441 §5; unasked for it has no meaning in HTTP/2.
            isSwitch = _isExtended;
            status = _isExtended ? 200 : 502;
        }
        else if (_isExtended && status is >= 200 and < 300)
        {
            // The application answered and did not switch: the client must not take that for its tunnel.
            status = 501;
        }

        return _connection.Blocks.TryWrite(Stream, head, status, isSwitch);
    }

    public override ValueTask<IoResult> SendBodyAsync(Slab slab, int count) => Stream.SendBodyAsync(slab, count);

    public override ValueTask<IoResult> FinishAsync(FieldList? trailers) => Stream.FinishAsync(trailers);

    public override ValueTask<IoResult> FlushAsync() => Stream.FlushAsync();

    public override void BeginTunnel() => Stream.IsHeld = false;

    public override void Abort(bool reset, Http2Error? code = null) => Stream.Abort(code ?? Http2Error.InternalError);

    /// <summary>
    /// The exchange is over. A request that is not complete is told so behind the answer (RFC 9113 §8.1), an answer that is not complete is
    /// reset, and the stream is given back.
    /// </summary>
    public void Complete()
    {
        Stream.Reset(Stream.IsLocalEnded ? Http2Error.NoError : Http2Error.InternalError);
        _connection.Remove(Stream);
        Http2Streams.Return(this);
    }

    void IStreamUser.StreamChanged()
    {
        if (!_hasArrived)
        {
            if (Stream.IsDead)
            {
                // Begun and ended in one piece: nobody ever hears of it.
                Complete();
                return;
            }

            _hasArrived = true;
            _connection.Requests.RequestArrived(this);
            return;
        }

        var id = Stream.Id;
        if (Stream.IsKilled && !_wasLeftTold)
        {
            _wasLeftTold = true;
            ClientWatcher?.ClientLeft(isReset: true);
        }

        // Each step may have ended the exchange, and this object may be another stream by now.
        if (Stream.IsDead && Stream.Id == id)
        {
            _connection.Sending.Fail(Stream, IoError.Reset);
        }

        if (Stream.Id == id)
        {
            Stream.CompleteReceive();
        }
    }

    internal void Begin(Http2ServerConnection connection)
    {
        _connection = connection;
        _request = RequestHeads.Rent();
        _request.Version = 20;
        Stream.Begin(connection);
    }

    /// <summary>The head was read into <see cref="Request"/>; how long its body is depends on the frame, too.</summary>
    internal void HeadCame(bool endsStream, HttpViolation violation)
    {
        var head = Request;
        Violation = violation;
        var length = violation == HttpViolation.None ? head.ContentLength : -1;
        _isExtended = head.WantsUpgrade;
        if (_isExtended || head.Method == HttpMethod.Connect)
        {
            // What follows is for the tunnel, if there will be one.
            Stream.IsHeld = violation == HttpViolation.None;
            length = -1;
        }

        Stream.BodyLeft = length;
        head.ContentLength = Math.Max(0, length);
        head.Body =
            Stream.IsHeld ? BodyKind.None :
            length >= 0 ? BodyKind.Length :
            endsStream ? BodyKind.None : BodyKind.Chunked;
        head.ExpectsContinue &= head.Body == BodyKind.Chunked || length > 0;
    }

    /// <summary>The client closed its half of the connection: what it had not sent will not come.</summary>
    internal void PeerHalfClosed()
    {
        var id = Stream.Id;
        if (_hasArrived)
        {
            ClientWatcher?.ClientLeft(isReset: false);
        }

        if (Stream.Id == id && !Stream.IsRemoteEnded)
        {
            Stream.FailReceive(IoError.None);
            Stream.CompleteReceive();
        }

        if (Stream.Id == id && Stream.SendLeft > 0 && Stream.SendWindow <= 0)
        {
            _connection.Sending.Fail(Stream, IoError.Reset);
        }
    }

    internal void Clear()
    {
        if (_request is not null)
        {
            RequestHeads.Return(_request);
            _request = null;
        }

        Trailers.Clear();
        ClientWatcher = null;
        Violation = HttpViolation.None;
        _hasArrived = _isExtended = _wasLeftTold = false;
        _connection = null!;
    }
}
