using Pillion.Net.Http.Http1;
using Pillion.Net.Memory;
using Pillion.Net.Sockets;

namespace Pillion.Net.Http.Http2;

/// <summary>One request that we send over HTTP/2, and its answer.</summary>
internal sealed class Http2ClientStream : ClientStream, IStreamUser
{
    // Informational heads that nobody has asked for yet.
    private const int MaxStoredHeads = 8;

    private readonly StreamWait<HeadResult> _receivingHead = new(new HeadResult(HeadOutcome.Failed, IoError.Cancelled));
    private readonly Queue<ResponseHead> _heads = new();
    private readonly byte[] _accept = new byte[MessageSwitch.AcceptLength];
    private readonly byte[] _protocol = new byte[MessageSwitch.MaxProtocol];
    private Http2ClientConnection _connection = null!;
    private ResponseHead? _into;
    private bool _isInto;
    private HttpViolation _headViolation;
    private HttpMethod _method;
    private bool _isTunnel;
    private int _protocolLength;
    private int _acceptLength;
    private long _firstGeneration;

    public Http2ClientStream() => Stream = new Http2Stream(this);

    public Http2Stream Stream { get; }

    public Http2ClientConnection Connection => _connection;

    public override bool IsReused => Stream.Id > 1;

    public override bool SentAnything => Stream.Id != 0 && _connection.Writer.Generation > _firstGeneration;

    public override bool WasRefused => Stream.WasRefused;

    public override Http2Error? PeerReset => Stream.PeerReset;

    public override bool HasBufferedBody => Stream.HasBuffered;

    public override bool IsBodyReceived => Stream.IsReceived;

    /// <summary>
    /// <see cref="WriteHead"/> was false because the request wants to switch protocols and the upstream does not take extended CONNECT:
    /// nothing was written, and an HTTP/1 connection can do it.
    /// </summary>
    public bool CannotUpgrade { get; private set; }

    /// <summary>The answer's head, not an informational one, was received; what comes next are trailers.</summary>
    public bool HasFinalHead { get; private set; }

    private bool AsksForTunnel => _method == HttpMethod.Connect || _protocolLength > 0;

    public override bool WriteHead(RequestHead head)
    {
        _method = head.Method;
        var protocol = head.WantsUpgrade ? head.Fields.Get(KnownField.Upgrade) : default;
        if (head.WantsUpgrade)
        {
            CannotUpgrade = !_connection.PeerAllowsExtendedConnect || protocol.IsEmpty || protocol.Length > _protocol.Length || protocol.Contains((byte)',');
            if (CannotUpgrade)
            {
                return false;
            }

            protocol.CopyTo(_protocol);
            _protocolLength = protocol.Length;
            var key = head.Fields.IndexOf("sec-websocket-key"u8);
            _acceptLength = MessageSwitch.IsWebSocket(protocol) && key >= 0 ? MessageSwitch.WriteAccept(head.Fields.Value(key), _accept) : 0;
        }

        if (_connection.IsOver)
        {
            // Learnt from the next operation; nothing was sent.
            Stream.Kill(null, wasRefused: false, IoError.Closed);
            return true;
        }

        _firstGeneration = _connection.Writer.Generation;
        _connection.Open(Stream);
        Stream.IsHeld = false;
        return _connection.Blocks.TryWrite(Stream, head, _connection.Tls is not null, protocol);
    }

    public override ValueTask<HeadResult> ReceiveHeadAsync(ResponseHead head, HttpMethod requestMethod, CancellationToken cancellationToken = default)
    {
        head.Clear();
        if (_heads.Count > 0)
        {
            var stored = _heads.Dequeue();
            ResponseHeads.Copy(stored, head);
            ResponseHeads.Return(stored);
            return new ValueTask<HeadResult>(new HeadResult(HeadOutcome.Received, BytesSeen: true));
        }

        if (TryFailHead(out var failed))
        {
            return new ValueTask<HeadResult>(failed);
        }

        // What was written must leave, whatever the caller forgot.
        _connection.Writer.Schedule();
        _into = head;
        _isInto = false;
        return _receivingHead.Start(_connection.Loop, cancellationToken);
    }

    public override ValueTask<BodyPart> ReceiveBodyAsync(CancellationToken cancellationToken = default) => Stream.ReceiveBodyAsync(cancellationToken);

    public override ValueTask<IoResult> SendBodyAsync(Slab slab, int count) => Stream.SendBodyAsync(slab, count);

    // The request that asks for a tunnel is complete with its head; our direction ends with the tunnel.
    public override ValueTask<IoResult> FinishAsync(FieldList? trailers) =>
        AsksForTunnel && !_isTunnel ? Stream.FlushAsync() : Stream.FinishAsync(trailers);

    public override ValueTask<IoResult> FlushAsync() => Stream.FlushAsync();

    public override void BeginTunnel()
    {
        _isTunnel = true;
        Stream.IsHeld = false;
    }

    public override void Abort(bool reset, Http2Error? code = null)
    {
        var id = Stream.Id;
        var connection = _connection;
        _isInto = false;
        Stream.Abort(code ?? Http2Error.Cancel);
        if (Stream.Id == id && ReferenceEquals(_connection, connection))
        {
            CompleteHead();
        }
    }

    /// <summary>The request is over: what is incomplete is cancelled, and the stream is given back.</summary>
    public void Release()
    {
        var connection = _connection;
        Stream.Reset(Http2Error.Cancel);
        connection.Remove(Stream);
        Http2Streams.Return(this);
        connection.TellReleased();
    }

    void IStreamUser.StreamChanged()
    {
        var id = Stream.Id;
        CompleteHead();
        if (Stream.IsDead && Stream.Id == id)
        {
            _connection.Sending.Fail(Stream, IoError.Reset);
        }

        if (Stream.Id == id)
        {
            Stream.CompleteReceive();
        }
    }

    internal void Begin(Http2ClientConnection connection)
    {
        _connection = connection;
        Stream.Begin(connection);
    }

    /// <summary>Where the next head is to be read into; null when too many wait already.</summary>
    internal ResponseHead? NextHead()
    {
        if (_receivingHead.IsPending && !_isInto && _into is { } waiting)
        {
            _isInto = true;
            return waiting;
        }

        if (_heads.Count == MaxStoredHeads)
        {
            return null;
        }

        var head = ResponseHeads.Rent();
        _heads.Enqueue(head);
        return head;
    }

    /// <summary>A head was read: how long its body is depends on the request and the frame, too.</summary>
    internal HttpViolation HeadCame(ResponseHead head, HttpRules rules, bool endsStream)
    {
        head.Version = 20;
        var violation = Framing.Read(head.Fields, rules, head.Version, out var framing);
        if (violation != HttpViolation.None)
        {
            return violation;
        }

        if (head.Status < 200)
        {
            head.Fields.RemoveAll(KnownField.ContentLength);
            return endsStream ? HttpViolation.BadPseudoField : HttpViolation.None;
        }

        HasFinalHead = true;
        var isGranted = AsksForTunnel && head.Status < 300;
        if (isGranted)
        {
            // RFC 9113 §8.5: everything from here on is the tunnel's.
            head.Fields.RemoveAll(KnownField.ContentLength);
            Stream.IsHeld = true;
            if (_protocolLength > 0)
            {
                MessageSwitch.PresentSwitch(head, _protocol.AsSpan(0, _protocolLength), _accept.AsSpan(0, _acceptLength));
            }

            return HttpViolation.None;
        }

        if (head.Status == 204)
        {
            head.Fields.RemoveAll(KnownField.ContentLength);
        }

        if (_method == HttpMethod.Head || head.Status is 204 or 304)
        {
            // §8.1.1: the length may be named, there is no body all the same.
            Stream.BodyLeft = 0;
            return HttpViolation.None;
        }

        Stream.BodyLeft = framing.Length;
        head.ContentLength = Math.Max(0, framing.Length);
        head.Body = framing.Length >= 0 || endsStream ? BodyKind.Length : BodyKind.Chunked;
        return HttpViolation.None;
    }

    internal void HeadViolated(HttpViolation violation)
    {
        _headViolation = violation;
        HasFinalHead = true;
        if (!_isInto && _heads.Count > 0)
        {
            // It is the newest: those before it count.
            DropNewestHead();
        }
    }

    internal void Clear()
    {
        while (_heads.Count > 0)
        {
            ResponseHeads.Return(_heads.Dequeue());
        }

        Trailers.Clear();
        CannotUpgrade = HasFinalHead = _isInto = _isTunnel = false;
        _headViolation = HttpViolation.None;
        _protocolLength = _acceptLength = 0;
        _into = null;
        _connection = null!;
    }

    private void CompleteHead()
    {
        if (!_receivingHead.IsPending)
        {
            return;
        }

        if (_isInto && _headViolation == HttpViolation.None)
        {
            _isInto = false;
            _into = null;
            _receivingHead.Complete(new HeadResult(HeadOutcome.Received, BytesSeen: true));
        }
        else if (TryFailHead(out var failed))
        {
            _isInto = false;
            _into = null;
            _receivingHead.Complete(failed);
        }
    }

    private bool TryFailHead(out HeadResult failed)
    {
        failed = _headViolation != HttpViolation.None
            ? new HeadResult(HeadOutcome.Violated, Violation: _headViolation, BytesSeen: true)
            : new HeadResult(HeadOutcome.Failed, Stream.Error == IoError.None ? IoError.Reset : Stream.Error);
        return _headViolation != HttpViolation.None || Stream.IsDead;
    }

    private void DropNewestHead()
    {
        for (var left = _heads.Count; left > 1; left--)
        {
            _heads.Enqueue(_heads.Dequeue());
        }

        ResponseHeads.Return(_heads.Dequeue());
    }
}
