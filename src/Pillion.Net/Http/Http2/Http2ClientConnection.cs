using System.Runtime.CompilerServices;
using Pillion.Net.Http.Http1;
using Pillion.Net.Loop;
using Pillion.Net.Sockets;
using Pillion.Net.Tls;

namespace Pillion.Net.Http.Http2;

/// <summary>A connection to an upstream that carries many requests at once.</summary>
internal sealed class Http2ClientConnection : Http2Connection
{
    private readonly IHttp2Upstream _owner;
    private readonly List<LoopOperation<bool>> _awaitSettings = [];
    private int _nextStream = 1;
    private bool _isGoingAwayTold;

    public Http2ClientConnection(Connection connection, HttpRules rules, Http2Settings settings, IHttp2Upstream owner)
        : base(connection, rules, settings, isServer: false) => _owner = owner;

    /// <summary>Streams opened and not given back.</summary>
    public int ActiveStreams { get; private set; }

    /// <summary>How many may be open at once: the upstream's limit, once it is known, or ours.</summary>
    public int MaxStreams => Math.Min(PeerMaxStreams ?? int.MaxValue, Settings.MaxConcurrentStreams);

    public bool IsGoingAway { get; private set; }

    public bool IsClosed => IsOver;

    /// <summary>The upstream's SETTINGS are here.</summary>
    public bool HasSettings => HasPeerSettings;

    /// <summary>The upstream takes extended CONNECT (RFC 8441); false until its SETTINGS are here, see <see cref="SettingsAsync"/>.</summary>
    public bool PeerAllowsExtendedConnect => PeerAllowsConnect;

    /// <summary>Streams opened since the connection began.</summary>
    public long TotalStreams { get; private set; }

    public PeerAddress Remote => Socket.Remote;

    public PeerAddress Local => Socket.Local;

    public TlsDetails? Tls => Socket.Tls;

    public override int StreamCount => ActiveStreams;

    // We do not work on streams of an upstream: there are none.
    public override int LastPeerStream => 0;

    protected override bool CountsResets => false;

    /// <summary>Writes preface and SETTINGS and receives from then on, until the connection is over.</summary>
    public void Start()
    {
        var preface = FrameReader.ClientPreface;
        preface.CopyTo(Writer.Reserve(preface.Length));
        Writer.Commit(preface.Length, frames: 0);
        WriteOurSettings(isServer: false);
        _ = RunAsync();
    }

    /// <summary>A stream for one request; null when there can be no further one now, or ever.</summary>
    public Http2ClientStream? TryOpen()
    {
        if (IsOver || IsGoingAway || ActiveStreams >= MaxStreams)
        {
            return null;
        }

        if (_nextStream < 0)
        {
            // §5.1.1: the numbers are used up.
            GoAway();
            return null;
        }

        ActiveStreams++;
        TotalStreams++;
        var stream = Http2Streams.RentClient();
        stream.Begin(this);
        return stream;
    }

    /// <summary>Completes when the upstream's SETTINGS are here: true; false when the connection ended before.</summary>
    public ValueTask<bool> SettingsAsync()
    {
        if (HasPeerSettings || IsOver)
        {
            return new ValueTask<bool>(HasPeerSettings);
        }

        var operation = new LoopOperation<bool>();
        _awaitSettings.Add(operation);
        return operation.Start();
    }

    /// <summary>Ends the connection and all its streams; with <paramref name="goAway"/> in order.</summary>
    public void Close(bool goAway) =>
        Life.End(new Http2End(goAway ? Http2EndReason.Drained : Http2EndReason.Failed, Error: goAway ? IoError.None : IoError.Closed), graceful: goAway);

    public override void DeadlinePassed()
    {
    }

    public override bool PeerHalfClosed() => false;

    public override void GoAwayCame(in FrameHeader header, int lastId, Http2Error code)
    {
        if (header.StreamId != 0)
        {
            Violate(Http2Violation.WrongStreamId);
            return;
        }

        PeerGoAway = code;
        IsGoingAway = true;
        MustTellUser = true;
        foreach (var stream in Streams.All)
        {
            if (stream is not null && stream.Id > lastId)
            {
                // §6.8: not worked on, and so to be tried elsewhere.
                stream.Kill(code, wasRefused: true, IoError.Reset);
                Changed(stream);
            }
        }
    }

    public override void BlockCame(int id, bool endsStream, ReadOnlySpan<byte> block)
    {
        if (!Streams.TryFind(id, out var stream))
        {
            if (SkipBlock(block))
            {
                LateFrame(id);
            }
        }
        else if (stream.IsRemoteEnded || stream.IsDead)
        {
            if (SkipBlock(block))
            {
                LateFrame(stream);
            }
        }
        else if (((Http2ClientStream)stream.User) is var user && !user.HasFinalHead)
        {
            HeadCame(user, endsStream, block);
        }
        else
        {
            TrailersCame(user, endsStream, block);
        }
    }

    /// <summary>The stream gets its number when its first frame is written: numbers must be sent in order.</summary>
    public void Open(Http2Stream stream)
    {
        OpenStream(stream, _nextStream);
        _nextStream = unchecked(_nextStream + 2);
    }

    /// <summary>A request is over; its stream is given back.</summary>
    public void Remove(Http2Stream stream)
    {
        if (stream.Id != 0)
        {
            Streams.Remove(stream);
            Closed.Add(stream.Id, stream.Closing);
        }

        stream.End();
        ActiveStreams--;
        Life.StreamsChanged(ActiveStreams);
        if (IsGoingAway && ActiveStreams == 0)
        {
            Close(goAway: true);
        }
    }

    public void TellReleased() => _owner.StreamReleased(this);

    protected override bool IsIdle(int id) => (id & 1) == 0 || (_nextStream > 0 && id >= _nextStream);

    protected override void TellUser()
    {
        if (HasPeerSettings && _awaitSettings.Count > 0)
        {
            CompleteSettings(true);
        }

        if (IsGoingAway && !_isGoingAwayTold)
        {
            GoAway();
            if (ActiveStreams == 0)
            {
                Close(goAway: true);
            }
        }
    }

    protected override void PeerSettingsChanged() => MustTellUser = _awaitSettings.Count > 0;

    private void GoAway()
    {
        IsGoingAway = true;
        if (!_isGoingAwayTold)
        {
            _isGoingAwayTold = true;
            _owner.GoingAway(this);
        }
    }

    [AsyncMethodBuilder(typeof(PooledMethodBuilder))]
    private async ValueTask RunAsync()
    {
        var end = await Life.RunAsync(TimeSpan.Zero);
        CompleteSettings(false);
        _owner.Closed(this, end.Reason == Http2EndReason.Violated ? IoError.Other : end.Error);
    }

    private void CompleteSettings(bool value)
    {
        while (_awaitSettings.Count > 0)
        {
            var operation = _awaitSettings[^1];
            _awaitSettings.RemoveAt(_awaitSettings.Count - 1);
            operation.Complete(value);
        }
    }

    private void HeadCame(Http2ClientStream user, bool endsStream, ReadOnlySpan<byte> block)
    {
        if (user.NextHead() is not { } head)
        {
            if (SkipBlock(block))
            {
                StreamViolated(user.Stream, Http2Violation.InterimFlood);
            }

            return;
        }

        var reader = new FieldBlockReader(Decoder, Rules, block);
        var result = reader.Read(head);
        if (result == FieldBlockResult.Broken)
        {
            Violate(Http2Violation.BadFieldBlock);
            return;
        }

        var violation = result == FieldBlockResult.Read ? user.HeadCame(head, Rules, endsStream) : reader.Violation;
        if (violation != HttpViolation.None)
        {
            user.HeadViolated(violation);
            BodyViolated(user.Stream, violation);
        }
        else if (endsStream)
        {
            EndRemote(user.Stream);
        }
        else
        {
            Changed(user.Stream);
        }
    }

    private void TrailersCame(Http2ClientStream user, bool endsStream, ReadOnlySpan<byte> block)
    {
        var reader = new FieldBlockReader(Decoder, Rules, block);
        switch (reader.ReadTrailers(user.Trailers))
        {
            case FieldBlockResult.Broken:
                Violate(Http2Violation.BadFieldBlock);
                break;
            case FieldBlockResult.Read when endsStream:
                user.Stream.HasTrailers = true;
                EndRemote(user.Stream);
                break;
            case FieldBlockResult.Read:
                BodyViolated(user.Stream, HttpViolation.BadPseudoField);
                break;
            default:
                BodyViolated(user.Stream, reader.Violation);
                break;
        }
    }
}
