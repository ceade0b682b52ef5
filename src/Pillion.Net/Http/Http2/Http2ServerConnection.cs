using Pillion.Net.Http.Http1;
using Pillion.Net.Sockets;
using Pillion.Net.Tls;

namespace Pillion.Net.Http.Http2;

/// <summary>A connection that we serve: many requests at once.</summary>
internal sealed class Http2ServerConnection : Http2Connection
{
    private const ulong DrainPing = 0x7069_6C6C_696F_6E02;

    private static readonly TimeSpan DrainRoundTrip = TimeSpan.FromSeconds(1);

    private int _lastStream;
    private Http2Stream?[]? _told;
    private bool _isDrainAnnounced;
    private bool _isDraining;

    public Http2ServerConnection(Connection connection, HttpRules rules, Http2Settings settings, IHttp2Requests requests)
        : base(connection, rules, settings, isServer: true) => Requests = requests;

    /// <summary>Requests under way: also one that the client has reset, for as long as it is worked on.</summary>
    public int ActiveStreams => Streams.Count;

    public IHttp2Requests Requests { get; }

    public PeerAddress Remote => Socket.Remote;

    public PeerAddress Local => Socket.Local;

    public TlsDetails? Tls => Socket.Tls;

    public override int StreamCount => Streams.Count;

    public override int LastPeerStream => _lastStream;

    protected override bool CountsResets => true;

    /// <summary>Reads the preface and serves until the connection is over; then it is closed and everything given back. Never throws.</summary>
    public ValueTask<Http2End> ServeAsync(TimeSpan idleTimeout)
    {
        WriteOurSettings(isServer: true);
        return Life.RunAsync(idleTimeout);
    }

    /// <summary>
    /// RFC 9113 §6.8: says that the connection will end, waits as long as requests may be under way that the client sent before it heard, says
    /// which was the last, and ends when the last stream has ended.
    /// </summary>
    public void BeginDrain()
    {
        if (_isDrainAnnounced || IsOver)
        {
            return;
        }

        _isDrainAnnounced = true;
        Writer.WriteGoAway(int.MaxValue, Http2Error.NoError);
        Writer.WritePing(DrainPing, isAck: false);
        Life.SetOwnDeadline(DrainRoundTrip);
    }

    /// <summary>Ends the connection and all its streams at once.</summary>
    public void Abort() => Life.End(new Http2End(Http2EndReason.Failed, Error: IoError.Closed), graceful: false);

    public override void DeadlinePassed()
    {
        if (_isDraining || IsOver)
        {
            return;
        }

        _isDraining = true;
        Life.ClearOwnDeadline();
        if (Streams.Count == 0)
        {
            EndDrained();
        }
        else
        {
            Writer.WriteGoAway(_lastStream, Http2Error.NoError);
        }
    }

    public override bool PeerHalfClosed()
    {
        Sending.IsPeerEnded = true;
        var count = Streams.CopyTo(ref _told);
        for (var i = 0; i < count; i++)
        {
            ((Http2ServerStream)_told[i]!.User).PeerHalfClosed();
        }

        return true;
    }

    public override void GoAwayCame(in FrameHeader header, int lastId, Http2Error code)
    {
        // A client that says so opens no more streams; those that are open go on.
        if (header.StreamId != 0)
        {
            Violate(Http2Violation.WrongStreamId);
        }

        PeerGoAway = code;
    }

    public override void BlockCame(int id, bool endsStream, ReadOnlySpan<byte> block)
    {
        if (Streams.TryFind(id, out var stream))
        {
            TrailersCame(stream, endsStream, block);
        }
        else if (id > _lastStream)
        {
            RequestCame(id, endsStream, block);
        }
        else
        {
            if (!SkipBlock(block))
            {
                return;
            }

            if (Closed.Find(id) == StreamClosing.Forgotten)
            {
                // §5.1.1: also one that was passed over.
                Violate(Http2Violation.StreamIdNotNew);
            }
            else
            {
                LateFrame(id);
            }
        }
    }

    /// <summary>A stream's exchange is over; the stream is given back.</summary>
    public void Remove(Http2Stream stream)
    {
        Streams.Remove(stream);
        Closed.Add(stream.Id, stream.Closing);
        stream.End();
        Life.StreamsChanged(Streams.Count);
        if (_isDraining && Streams.Count == 0)
        {
            EndDrained();
        }
    }

    protected override bool IsIdle(int id) => (id & 1) == 0 || id > _lastStream;

    protected override void PingAcknowledged(ulong data)
    {
        if (data == DrainPing)
        {
            DeadlinePassed();
        }
        else
        {
            base.PingAcknowledged(data);
        }
    }

    private void EndDrained() => Life.End(new Http2End(Http2EndReason.Drained), graceful: true);

    private void RequestCame(int id, bool endsStream, ReadOnlySpan<byte> block)
    {
        if ((id & 1) == 0)
        {
            // §5.1.1: even numbers are a server's.
            Violate(Http2Violation.StreamIdNotNew);
            return;
        }

        if (_isDraining)
        {
            // §6.8: above the last stream that we named; the client knows that we do not work on it.
            SkipBlock(block);
            return;
        }

        var before = _lastStream;
        _lastStream = id;
        if (Streams.Count >= Settings.MaxConcurrentStreams)
        {
            if (SkipBlock(block))
            {
                StreamViolated(id, Http2Violation.TooManyStreams);
                Closed.Add(id, StreamClosing.ResetByUs);
            }

            return;
        }

        var user = Http2Streams.RentServer();
        user.Begin(this);
        var reader = new FieldBlockReader(Decoder, Rules, block);
        var result = reader.Read(user.Request, Settings.AllowConnect);
        switch (result)
        {
            case FieldBlockResult.Broken:
                Http2Streams.Return(user);
                _lastStream = before;
                Violate(Http2Violation.BadFieldBlock);
                break;
            case FieldBlockResult.Malformed:
                Http2Streams.Return(user);
                StreamViolated(id, Http2Violation.Malformed);
                Closed.Add(id, StreamClosing.ResetByUs);
                break;
            default:
                OpenStream(user.Stream, id);
                user.HeadCame(endsStream, reader.Violation);
                if (endsStream)
                {
                    EndRemote(user.Stream);
                }

                Changed(user.Stream);
                break;
        }
    }

    private void TrailersCame(Http2Stream stream, bool endsStream, ReadOnlySpan<byte> block)
    {
        if (stream.IsRemoteEnded || stream.IsDead)
        {
            if (SkipBlock(block))
            {
                LateFrame(stream);
            }

            return;
        }

        var reader = new FieldBlockReader(Decoder, Rules, block);
        switch (reader.ReadTrailers(((Http2ServerStream)stream.User).Trailers))
        {
            case FieldBlockResult.Broken:
                Violate(Http2Violation.BadFieldBlock);
                break;
            case FieldBlockResult.Read when endsStream:
                stream.HasTrailers = true;
                EndRemote(stream);
                break;
            case FieldBlockResult.Read:
                // §8.1: a second HEADERS frame is the last one.
                BodyViolated(stream, HttpViolation.BadPseudoField);
                break;
            default:
                BodyViolated(stream, reader.Violation);
                break;
        }
    }
}
