using Pillion.Net.Http.Http1;
using Pillion.Net.Loop;
using Pillion.Net.Memory;
using Pillion.Net.Sockets;

namespace Pillion.Net.Http.Http2;

/// <summary>
/// One stream of a connection, of either side: its state, its windows, what it has received and what it waits to send (RFC 9113 §5).
/// It is used again and again, for one stream after the other.
/// </summary>
internal sealed class Http2Stream(IStreamUser user)
{
    private readonly StreamWait<BodyPart> _receiving = new(BodyPart.Failed(IoError.Cancelled));
    private readonly ReceivedData _data = new();
    private IoError _receiveError;
    private HttpViolation _receiveViolation;
    private bool _isReceiveFailed;
    private bool _isEndTaken;
    private int _unacknowledged;
    private long _lastFrameGeneration;
    private int _lastFramePlace;

    public IStreamUser User { get; } = user;

    public Http2Connection Connection { get; private set; } = null!;

    /// <summary>0 while no frame of it was sent or received.</summary>
    public int Id { get; private set; }

    /// <summary>Something came that its user has not been told of; it is in its connection's list.</summary>
    public bool IsChanged { get; set; }

    // Receiving.

    /// <summary>The peer has ended its direction.</summary>
    public bool IsRemoteEnded { get; private set; }

    /// <summary>Bytes that the peer may still send; negative when our SETTINGS made it smaller.</summary>
    public int ReceiveWindow { get; set; }

    /// <summary>Bytes of the body that are still to come, by Content-Length; negative when that is not known.</summary>
    public long BodyLeft { get; set; }

    public bool HasTrailers { get; set; }

    /// <summary>What came waits until a tunnel begins: it is not a body.</summary>
    public bool IsHeld { get; set; }

    public bool HasBuffered => !IsHeld && (_data.HasMore || IsRemoteEnded || _isReceiveFailed);

    /// <summary>Everything was handed out.</summary>
    public bool IsReceived => IsHeld || (IsRemoteEnded && !_data.HasMore && (_isEndTaken || !HasTrailers) && !_isReceiveFailed);

    // Sending.

    public LoopOperation<IoResult> Sending { get; } = new();

    public Slab? SendFrom { get; set; }

    public int SendLeft { get; set; }

    public int SendCount { get; set; }

    public int SendWindow { get; set; }

    /// <summary>We have ended our direction.</summary>
    public bool IsLocalEnded { get; private set; }

    // Where it waits to send.

    public StreamQueue? QueuedIn { get; set; }

    public Http2Stream? NextQueued { get; set; }

    public Http2Stream? PreviousQueued { get; set; }

    // Its end.

    /// <summary>Nothing more is sent, whatever is asked: one side reset it, or the connection is over.</summary>
    public bool IsDead { get; private set; }

    /// <summary>The peer, or the connection's end, or a mistake of the peer ended it.</summary>
    public bool IsKilled { get; private set; }

    public bool WasResetByUs { get; private set; }

    public Http2Error? PeerReset { get; private set; }

    /// <summary>Why nothing more is received, where the peer's message did not end by itself.</summary>
    public IoError Error => _receiveError;

    public bool WasRefused { get; private set; }

    public StreamClosing Closing =>
        PeerReset is not null ? StreamClosing.ResetByPeer : WasResetByUs || !IsRemoteEnded ? StreamClosing.ResetByUs : StreamClosing.Ended;

    public void Begin(Http2Connection connection)
    {
        Connection = connection;
        Id = 0;
        IsChanged = IsRemoteEnded = IsLocalEnded = IsDead = IsKilled = WasResetByUs = WasRefused = HasTrailers = IsHeld = false;
        _isReceiveFailed = _isEndTaken = false;
        _receiveError = IoError.None;
        _receiveViolation = HttpViolation.None;
        _unacknowledged = 0;
        _lastFramePlace = -1;
        PeerReset = null;
        BodyLeft = -1;
    }

    public void Open(int id, int sendWindow, int receiveWindow)
    {
        Id = id;
        SendWindow = sendWindow;
        ReceiveWindow = receiveWindow;
    }

    /// <summary>It is over and may serve as another one.</summary>
    public void End()
    {
        Connection.Credit(null, _data.Clear(Connection.Loop.Slabs));
        Id = 0;
        Connection = null!;
    }

    // The frames' side: changes what is known, runs no code of others.

    public void AddData(ReadOnlySpan<byte> data)
    {
        if (IsDead || _isReceiveFailed)
        {
            Connection.Credit(null, data.Length);
        }
        else
        {
            _data.Add(Connection.Loop.Slabs, data);
        }
    }

    public void EndRemote() => IsRemoteEnded = true;

    /// <summary>The body breaks a rule: whoever receives it learns that behind what came before.</summary>
    public void FailReceive(HttpViolation violation)
    {
        _isReceiveFailed = true;
        _receiveViolation = violation;
    }

    public void FailReceive(IoError error)
    {
        _isReceiveFailed = true;
        _receiveError = error;
    }

    /// <summary>The peer ended it at once, or the connection is over.</summary>
    public void Kill(Http2Error? peerReset, bool wasRefused, IoError error)
    {
        PeerReset ??= peerReset;
        WasRefused |= wasRefused;
        IsDead = IsKilled = true;

        // RFC 9113 §8.1: a complete answer counts, even when the rest of the request is not wanted.
        if (!IsRemoteEnded && !_isReceiveFailed)
        {
            _isReceiveFailed = true;
            _receiveError = error;
        }
    }

    public void WroteAt(int place, long generation)
    {
        _lastFramePlace = place;
        _lastFrameGeneration = generation;
    }

    // The user's side.

    public ValueTask<BodyPart> ReceiveBodyAsync(CancellationToken cancellationToken)
    {
        Settle();
        return TryTake(out var part) ? new ValueTask<BodyPart>(part) : _receiving.Start(Connection.Loop, cancellationToken);
    }

    /// <summary>Completes the user's wait when there is something for it. Runs code of others.</summary>
    public void CompleteReceive()
    {
        if (_receiving.IsPending && TryTake(out var part))
        {
            _receiving.Complete(part);
        }
    }

    public ValueTask<IoResult> SendBodyAsync(Slab slab, int count)
    {
        if (IsDead || IsLocalEnded)
        {
            slab.Consume(count);
            return new ValueTask<IoResult>(SendFailure);
        }

        return Connection.Sending.SendAsync(this, slab, count);
    }

    public ValueTask<IoResult> FinishAsync(FieldList? trailers)
    {
        if (IsDead || IsLocalEnded)
        {
            return new ValueTask<IoResult>(IsDead ? SendFailure : IoResult.Done(0));
        }

        IsLocalEnded = true;
        if (trailers is null or { Count: 0 } || !Connection.TryWriteTrailers(this, trailers))
        {
            Connection.Writer.EndStream(Id, _lastFrameGeneration, _lastFramePlace);
        }

        return FlushAsync();
    }

    public ValueTask<IoResult> FlushAsync()
    {
        if (IsDead)
        {
            return new ValueTask<IoResult>(SendFailure);
        }

        Connection.Writer.Schedule();
        return Connection.Writer.IsCongested && !Sending.IsPending
            ? Connection.Sending.DrainAsync(this)
            : new ValueTask<IoResult>(Connection.Writer.Failed);
    }

    /// <summary>Ends it at once, towards the peer with RST_STREAM. Runs code of others.</summary>
    public void Abort(Http2Error code)
    {
        if (Connection is not { } connection)
        {
            return;
        }

        Reset(code);
        connection.Credit(null, _data.DropRest(connection.Loop.Slabs));
        _isReceiveFailed = true;
        _receiveError = IoError.Closed;
        _receiveViolation = HttpViolation.None;
        IsRemoteEnded = false;
        var id = Id;
        connection.Sending.Fail(this, IoError.Closed);
        if (Id == id && Connection == connection)
        {
            CompleteReceive();
        }
    }

    /// <summary>Sends RST_STREAM, unless both sides have ended it or one has reset it.</summary>
    public void Reset(Http2Error code)
    {
        if (!IsDead && Id != 0 && !(IsRemoteEnded && IsLocalEnded))
        {
            WasResetByUs = true;
            Connection.Writer.WriteReset(Id, code);
        }

        IsDead = true;
    }

    private IoResult SendFailure => IoResult.Fail(WasResetByUs || (!Connection.IsOver && PeerReset is null) ? IoError.Closed : IoError.Reset);

    private void Settle()
    {
        var consumed = _data.Settle(Connection.Loop.Slabs);
        if (consumed > 0)
        {
            Connection.Credit(this, consumed);
        }
    }

    /// <summary>Counts consumed bytes; what the peer should be told of, or 0.</summary>
    public int Acknowledge(int bytes, int window)
    {
        _unacknowledged += bytes;
        if (IsDead || IsRemoteEnded || _unacknowledged < window / 2)
        {
            return 0;
        }

        var increment = _unacknowledged;
        _unacknowledged = 0;
        ReceiveWindow += increment;
        return increment;
    }

    private bool TryTake(out BodyPart part)
    {
        part = default;
        if (IsHeld)
        {
            part = BodyPart.End();
        }
        else if (_data.HasMore)
        {
            part = BodyPart.Data(_data.Take(out var count), count);
        }
        else if (_isReceiveFailed)
        {
            part = _receiveViolation == HttpViolation.None ? BodyPart.Failed(_receiveError) : BodyPart.Failed(_receiveViolation);
        }
        else if (IsRemoteEnded)
        {
            _isEndTaken = true;
            part = BodyPart.End();
        }
        else
        {
            return false;
        }

        return true;
    }
}

/// <summary>Whoever holds a stream: one of the two kinds of <see cref="HttpStream"/>.</summary>
internal interface IStreamUser
{
    /// <summary>Something came: a head, body, the end, a reset. Code of others may run, and end the stream.</summary>
    void StreamChanged();
}
