using System.Buffers.Binary;
using Pillion.Net.Http.Http2.Hpack;
using Pillion.Net.Loop;
using Pillion.Net.Sockets;

namespace Pillion.Net.Http.Http2;

/// <summary>
/// What both sides of a connection do with the frames they receive (RFC 9113 §5, §6). Frames only change what is known; those whom it
/// concerns are told when all that was received at once is read, so that a message which came in one piece is handled in one go.
/// </summary>
internal abstract class Http2Connection
{
    private readonly FloodGuard _flood;
    private (Http2Stream Stream, int Id)[] _changed = new (Http2Stream, int)[4];
    private int _changedCount;
    private bool _mustPump;
    private int _receiveWindow = SendQueue.DefaultWindow;
    private int _unacknowledged;
    private int _streamReceiveWindow = SendQueue.DefaultWindow;
    private Http2Stream? _dataTo;
    private int _dataToId;
    private Http2Stream?[]? _copied;

    protected Http2Connection(Connection socket, HttpRules rules, Http2Settings settings, bool isServer)
    {
        Socket = socket;
        Rules = rules;
        Settings = settings;
        Life = new ConnectionLife(this, socket, settings, isServer);
        Sending = new SendQueue(Writer);
        Blocks = new FieldBlockWriter(Writer);

        // What the peer may use before it has seen our SETTINGS is the default.
        Decoder = new HpackDecoder(4096);
        _flood = new FloodGuard(settings);
    }

    public EventLoop Loop => Socket.Loop;

    public FrameWriter Writer => Life.Writer;

    public SendQueue Sending { get; }

    public FieldBlockWriter Blocks { get; }

    /// <summary>Nothing more is received or sent but the end.</summary>
    public bool IsOver => Life.IsOver;

    /// <summary>Streams that somebody uses.</summary>
    public abstract int StreamCount { get; }

    /// <summary>The highest stream of the peer that was or will be worked on.</summary>
    public abstract int LastPeerStream { get; }

    /// <summary>What the peer's GOAWAY said, where there was one.</summary>
    public Http2Error PeerGoAway { get; protected set; }

    /// <summary>Bytes of a field block beyond which it is not even decoded.</summary>
    public int MaxBlockBytes => (2 * Rules.MaxHeadBytes) + FrameHeader.MinMaxLength;

    /// <summary>The rules of the newest configuration apply from the next message on.</summary>
    public HttpRules Rules { get; set; }

    protected Connection Socket { get; }

    protected ConnectionLife Life { get; }

    protected Http2Settings Settings { get; }

    protected HpackDecoder Decoder { get; }

    protected StreamTable Streams { get; } = new();

    protected ClosedStreams Closed { get; } = new();

    protected FloodGuard Flood => _flood;

    protected int PeerStreamWindow { get; private set; } = SendQueue.DefaultWindow;

    /// <summary>Null where the peer named no limit.</summary>
    protected int? PeerMaxStreams { get; private set; }

    protected bool HasPeerSettings { get; private set; }

    protected bool PeerAllowsConnect { get; private set; }

    /// <summary>Our SETTINGS are not acknowledged yet.</summary>
    protected bool AwaitsSettingsAck { get; private set; } = true;

    /// <summary>The peer's mistakes and resets are counted: it is a client, who could make us work for nothing.</summary>
    protected abstract bool CountsResets { get; }

    /// <summary>No frame but HEADERS and PRIORITY may be on such a stream (§5.1).</summary>
    protected abstract bool IsIdle(int id);

    /// <summary>A whole field block: a head or trailers.</summary>
    public abstract void BlockCame(int id, bool endsStream, ReadOnlySpan<byte> block);

    public abstract void GoAwayCame(in FrameHeader header, int lastId, Http2Error code);

    protected virtual void PingAcknowledged(ulong data) => Life.PingAcknowledged(data);

    /// <summary>The peer will send no more and may still read; true when the streams that are open go on.</summary>
    public abstract bool PeerHalfClosed();

    /// <summary>The time set by <see cref="ConnectionLife.SetOwnDeadline"/> has come.</summary>
    public abstract void DeadlinePassed();

    /// <summary>The connection is over and its streams were told. Runs code of others.</summary>
    public virtual void Concluded(in Http2End end)
    {
    }

    /// <summary>Ends the connection for what the peer did.</summary>
    public void Violate(Http2Violation violation) =>
        Life.End(new Http2End(Http2EndReason.Violated, Http2Violations.Code(violation), violation), graceful: true);

    /// <summary>Ends every stream, because the connection ends. Runs code of others.</summary>
    public void FailStreams(IoError error, bool isByPeer)
    {
        var count = Streams.CopyTo(ref _copied);
        for (var i = 0; i < count; i++)
        {
            var stream = _copied[i]!;
            stream.Kill(isByPeer && PeerGoAway != Http2Error.NoError ? PeerGoAway : null, wasRefused: false, error);
            Changed(stream);
        }

        Array.Clear(_copied, 0, count);
        Deliver();
    }

    public void DataBegins(in FrameHeader header, int data)
    {
        _dataTo = null;
        if (header.StreamId == 0)
        {
            Violate(Http2Violation.WrongStreamId);
            return;
        }

        if (_flood.Frame(isEmpty: data == 0 && !header.Has(FrameFlags.EndStream)) is var flood and not Http2Violation.None)
        {
            Violate(flood);
            return;
        }

        if (header.Length > _receiveWindow)
        {
            Violate(Http2Violation.WindowExceeded);
            return;
        }

        // §6.9.1: the whole payload counts, padding too; nobody else will consume that.
        _receiveWindow -= header.Length;
        var padding = header.Length - data;
        if (!Streams.TryFind(header.StreamId, out var stream))
        {
            Credit(null, padding);
            LateFrame(header.StreamId);
            return;
        }

        if (stream.IsRemoteEnded || stream.IsDead)
        {
            Credit(null, padding);
            LateFrame(stream);
        }
        else if (header.Length > stream.ReceiveWindow)
        {
            Credit(null, padding);
            StreamViolated(stream, Http2Violation.WindowExceeded);
        }
        else
        {
            stream.ReceiveWindow -= header.Length;
            Credit(stream, padding);
            _dataTo = stream;
            _dataToId = header.StreamId;
            if (stream.BodyLeft >= 0 && (stream.BodyLeft -= data) < 0)
            {
                BodyViolated(stream);
                _dataTo = null;
            }
        }
    }

    public void DataCame(ReadOnlySpan<byte> data)
    {
        if (DataStream is { } stream)
        {
            stream.AddData(data);
            Changed(stream);
        }
        else
        {
            Credit(null, data.Length);
        }
    }

    public void DataEnds(in FrameHeader header)
    {
        if (DataStream is { } stream && header.Has(FrameFlags.EndStream))
        {
            EndRemote(stream);
        }
    }

    /// <summary>A HEADERS frame, before its block is looked at.</summary>
    public Http2Violation BlockBegins(in FrameHeader header, bool isEmpty) =>
        header.StreamId == 0 ? Http2Violation.WrongStreamId : _flood.Frame(isEmpty);

    public Http2Violation BlockGoesOn(bool isEmpty) => _flood.Frame(isEmpty);

    public void PriorityCame(in FrameHeader header)
    {
        if (header.StreamId == 0)
        {
            Violate(Http2Violation.WrongStreamId);
        }
        else if (header.Length != 5)
        {
            // §6.3: of the stream, where there is one.
            if (Streams.TryFind(header.StreamId, out var stream) && !stream.IsDead)
            {
                StreamViolated(stream, Http2Violation.BadFrameSize);
            }
            else
            {
                Violate(Http2Violation.BadFrameSize);
            }
        }
        else if (_flood.Priority() is var flood and not Http2Violation.None)
        {
            Violate(flood);
        }
    }

    public void ResetCame(int id, Http2Error code)
    {
        if (id == 0 || IsIdle(id))
        {
            Violate(id == 0 ? Http2Violation.WrongStreamId : Http2Violation.IdleStream);
            return;
        }

        if (!Streams.TryFind(id, out var stream) || stream.PeerReset is not null)
        {
            return;
        }

        if (CountsResets && !stream.IsLocalEnded && _flood.Reset(Loop.Millis) is var flood and not Http2Violation.None)
        {
            Violate(flood);
            return;
        }

        stream.Kill(code, wasRefused: code == Http2Error.RefusedStream, IoError.Reset);
        Changed(stream);
    }

    public void SettingsCame(in FrameHeader header, ReadOnlySpan<byte> payload)
    {
        if (header.StreamId != 0)
        {
            Violate(Http2Violation.WrongStreamId);
        }
        else if (header.Has(FrameFlags.Ack) ? !payload.IsEmpty : payload.Length % 6 != 0)
        {
            Violate(Http2Violation.BadFrameSize);
        }
        else if (header.Has(FrameFlags.Ack))
        {
            OurSettingsApply();
        }
        else if (_flood.Settings(Loop.Millis) is var flood and not Http2Violation.None)
        {
            Violate(flood);
        }
        else
        {
            for (; !payload.IsEmpty && !IsOver; payload = payload[6..])
            {
                Apply((SettingId)BinaryPrimitives.ReadUInt16BigEndian(payload), BinaryPrimitives.ReadUInt32BigEndian(payload[2..]));
            }

            if (!IsOver)
            {
                HasPeerSettings = true;
                Writer.WriteSettingsAck();
                PeerSettingsChanged();
            }
        }
    }

    public void PingCame(in FrameHeader header, ulong data)
    {
        if (header.StreamId != 0)
        {
            Violate(Http2Violation.WrongStreamId);
        }
        else if (header.Has(FrameFlags.Ack))
        {
            PingAcknowledged(data);
        }
        else if (_flood.Ping(Loop.Millis) is var flood and not Http2Violation.None)
        {
            Violate(flood);
        }
        else
        {
            Writer.WritePing(data, isAck: true);
        }
    }

    public void WindowUpdateCame(int id, int increment)
    {
        if (_flood.WindowUpdate(Sending.DataFrames) is var flood and not Http2Violation.None)
        {
            Violate(flood);
        }
        else if (id == 0)
        {
            if (increment == 0 || !Sending.TryOpen(increment))
            {
                Violate(increment == 0 ? Http2Violation.ZeroIncrement : Http2Violation.WindowOverflow);
            }

            _mustPump = true;
        }
        else if (Streams.TryFind(id, out var stream))
        {
            if (increment == 0 || (long)stream.SendWindow + increment > int.MaxValue)
            {
                StreamViolated(stream, increment == 0 ? Http2Violation.ZeroIncrement : Http2Violation.WindowOverflow);
                return;
            }

            stream.SendWindow += increment;
            Sending.WindowOpened(stream);
            _mustPump = true;
        }
        else if (IsIdle(id))
        {
            Violate(Http2Violation.IdleStream);
        }
    }

    /// <summary>Received bytes are consumed: the peer may send as many again (§6.9).</summary>
    public void Credit(Http2Stream? stream, int bytes)
    {
        if (bytes == 0 || IsOver)
        {
            return;
        }

        if (stream?.Acknowledge(bytes, Settings.StreamWindow) is > 0 and var increment)
        {
            Writer.WriteWindowUpdate(stream.Id, increment);
        }

        _unacknowledged += bytes;
        if (_unacknowledged >= Math.Max(Settings.ConnectionWindow, SendQueue.DefaultWindow) / 2)
        {
            Writer.WriteWindowUpdate(0, _unacknowledged);
            _receiveWindow += _unacknowledged;
            _unacknowledged = 0;
        }
    }

    public bool TryWriteTrailers(Http2Stream stream, FieldList trailers)
    {
        for (var i = 0; i < trailers.Count; i++)
        {
            if (trailers.IsPresent(i))
            {
                return Blocks.TryWriteTrailers(stream, trailers);
            }
        }

        return false;
    }

    /// <summary>Something of the connection as a whole changed; <see cref="TellUser"/> is called when all that was received is read.</summary>
    protected bool MustTellUser { get; set; }

    protected virtual void PeerSettingsChanged()
    {
    }

    /// <summary>Runs code of others.</summary>
    protected virtual void TellUser()
    {
    }

    protected void OpenStream(Http2Stream stream, int id)
    {
        stream.Open(id, PeerStreamWindow, _streamReceiveWindow);
        Streams.Add(stream);
        _flood.StreamOpened();
    }

    protected void WriteOurSettings(bool isServer)
    {
        var room = Writer.Reserve(FrameHeader.Size + (8 * 6));
        var at = FrameHeader.Size;
        if (isServer)
        {
            Add(room, ref at, SettingId.MaxConcurrentStreams, Settings.MaxConcurrentStreams);
            Add(room, ref at, SettingId.NoRfc7540Priorities, 1);
            if (Settings.AllowConnect)
            {
                Add(room, ref at, SettingId.EnableConnectProtocol, 1);
            }
        }
        else
        {
            Add(room, ref at, SettingId.EnablePush, 0);
        }

        Add(room, ref at, SettingId.InitialWindowSize, Settings.StreamWindow);
        Add(room, ref at, SettingId.HeaderTableSize, Settings.HeaderTableBytes);
        Add(room, ref at, SettingId.MaxFrameSize, Settings.MaxFrameBytes);
        Add(room, ref at, SettingId.MaxHeaderListSize, Rules.MaxHeadBytes);
        new FrameHeader(at - FrameHeader.Size, FrameType.Settings, FrameFlags.None, 0).Write(room);
        Writer.Commit(at);
        if (Settings.ConnectionWindow > _receiveWindow)
        {
            Writer.WriteWindowUpdate(0, Settings.ConnectionWindow - _receiveWindow);
            _receiveWindow = Settings.ConnectionWindow;
        }

        Writer.Schedule();

        static void Add(Span<byte> room, ref int at, SettingId id, int value)
        {
            BinaryPrimitives.WriteUInt16BigEndian(room[at..], (ushort)id);
            BinaryPrimitives.WriteInt32BigEndian(room[(at + 2)..], value);
            at += 6;
        }
    }

    /// <summary>Reads a block that no stream wants, for the table's sake; false when the connection is over for it.</summary>
    protected bool SkipBlock(ReadOnlySpan<byte> block)
    {
        var isRead = FieldBlockReader.Skip(Decoder, block);
        if (!isRead)
        {
            Violate(Http2Violation.BadFieldBlock);
        }

        return isRead;
    }

    /// <summary>The peer ended its direction of a stream.</summary>
    protected void EndRemote(Http2Stream stream)
    {
        if (stream.BodyLeft > 0)
        {
            BodyViolated(stream);
        }
        else
        {
            stream.EndRemote();
            Changed(stream);
        }
    }

    /// <summary>The stream is reset for what the peer did on it; whoever uses it is told.</summary>
    protected void StreamViolated(Http2Stream stream, Http2Violation violation)
    {
        if (!stream.IsDead)
        {
            stream.Reset(Http2Violations.Code(violation));
            stream.Kill(null, wasRefused: false, IoError.Reset);
            Changed(stream);
        }

        CountReset();
    }

    /// <summary>The same where there is no stream.</summary>
    protected void StreamViolated(int id, Http2Violation violation)
    {
        Writer.WriteReset(id, Http2Violations.Code(violation));
        CountReset();
    }

    /// <summary>A message that is malformed in what follows its head (§8.1.1).</summary>
    protected void BodyViolated(Http2Stream stream, Http1.HttpViolation violation = Http1.HttpViolation.BodyNotAsAnnounced)
    {
        stream.FailReceive(violation);
        stream.Reset(Http2Error.ProtocolError);
        Changed(stream);
        CountReset();
    }

    /// <summary>DATA or HEADERS on a stream that one side has ended.</summary>
    protected void LateFrame(Http2Stream stream)
    {
        if (stream.PeerReset is not null)
        {
            StreamViolated(stream.Id, Http2Violation.ClosedStream);
        }
        else if (stream.IsRemoteEnded)
        {
            StreamViolated(stream, Http2Violation.ClosedStream);
        }

        // What we have reset the peer may not know of yet.
    }

    /// <summary>DATA or HEADERS on a stream that is no more, or not yet.</summary>
    protected void LateFrame(int id)
    {
        if (IsIdle(id))
        {
            Violate(Http2Violation.IdleStream);
            return;
        }

        switch (Closed.Find(id))
        {
            case StreamClosing.Ended:
                // §5.1: the peer has forgotten its own END_STREAM.
                Violate(Http2Violation.ClosedStream);
                break;
            case StreamClosing.ResetByPeer:
                StreamViolated(id, Http2Violation.ClosedStream);
                break;
        }
    }

    protected void Changed(Http2Stream stream)
    {
        if (stream.IsChanged)
        {
            return;
        }

        stream.IsChanged = true;
        if (_changedCount == _changed.Length)
        {
            Array.Resize(ref _changed, _changed.Length * 2);
        }

        _changed[_changedCount++] = (stream, stream.Id);
    }

    /// <summary>Tells everybody what came. Runs code of others, which may end any stream and the connection.</summary>
    public void Deliver()
    {
        if (_mustPump)
        {
            _mustPump = false;
            Sending.Pump();
        }

        for (var i = 0; i < _changedCount; i++)
        {
            var (stream, id) = _changed[i];
            if (stream.IsChanged && stream.Id == id && ReferenceEquals(stream.Connection, this))
            {
                stream.IsChanged = false;
                stream.User.StreamChanged();
            }
        }

        _changedCount = 0;
        if (MustTellUser)
        {
            MustTellUser = false;
            TellUser();
        }
    }

    // The frame may have begun long ago, and its stream be over or another one by now.
    private Http2Stream? DataStream => _dataTo is { } stream && stream.Id == _dataToId && ReferenceEquals(stream.Connection, this) ? stream : null;

    private void CountReset()
    {
        if (CountsResets && !IsOver && _flood.Reset(Loop.Millis) is var flood and not Http2Violation.None)
        {
            Violate(flood);
        }
    }

    private void OurSettingsApply()
    {
        if (!AwaitsSettingsAck)
        {
            return;
        }

        AwaitsSettingsAck = false;
        Life.SettingsAcknowledged();
        var change = Settings.StreamWindow - _streamReceiveWindow;
        _streamReceiveWindow = Settings.StreamWindow;
        foreach (var stream in Streams.All)
        {
            if (stream is not null)
            {
                stream.ReceiveWindow += change;
            }
        }

        Decoder.MaxTableSize = Settings.HeaderTableBytes;
    }

    private void Apply(SettingId id, uint value)
    {
        switch (id)
        {
            case SettingId.HeaderTableSize:
                Blocks.SetPeerTableSize(value);
                break;
            case SettingId.EnablePush when value > 1 || (value == 1 && !CountsResets):
            case SettingId.EnableConnectProtocol when value > 1 || (value == 0 && PeerAllowsConnect):
            case SettingId.MaxFrameSize when value is < FrameHeader.MinMaxLength or > FrameHeader.MaxMaxLength:
                Violate(Http2Violation.BadSetting);
                break;
            case SettingId.MaxConcurrentStreams:
                PeerMaxStreams = (int)Math.Min(value, int.MaxValue);
                break;
            case SettingId.InitialWindowSize when value > int.MaxValue:
                Violate(Http2Violation.BadWindowSetting);
                break;
            case SettingId.InitialWindowSize:
                SetPeerStreamWindow((int)value);
                break;
            case SettingId.MaxFrameSize:
                Blocks.MaxFrame = (int)value;
                break;
            case SettingId.EnableConnectProtocol:
                PeerAllowsConnect = value == 1;
                break;

            // §6.5.2: what is not known is ignored; so is MAX_HEADER_LIST_SIZE, which only advises.
        }
    }

    // §6.9.2: a change counts for the streams that are open, too, and may make their windows negative.
    private void SetPeerStreamWindow(int window)
    {
        var change = (long)window - PeerStreamWindow;
        PeerStreamWindow = window;
        foreach (var stream in Streams.All)
        {
            if (stream is null)
            {
                continue;
            }

            if (stream.SendWindow + change > int.MaxValue)
            {
                Violate(Http2Violation.BadWindowSetting);
                return;
            }

            stream.SendWindow = (int)(stream.SendWindow + change);
            Sending.WindowOpened(stream);
        }

        _mustPump = true;
    }
}
