using System.Runtime.CompilerServices;
using Pillion.Net.Loop;
using Pillion.Net.Memory;
using Pillion.Net.Sockets;

namespace Pillion.Net.Http.Http2;

/// <summary>
/// A connection from its first byte to its last: receives, keeps the time, and brings it to its end in order: GOAWAY, what still waits, the end
/// of our direction, and then whatever the peer still sends, so that a reset cannot destroy what it has not read yet.
/// </summary>
internal sealed class ConnectionLife : TimerNode, IFrameWriterOwner
{
    private const int LingerMillis = 1_000;

    // Received in a row before others on the loop have their turn.
    private const int MaxInARow = 16;

    private const ulong KeepAlivePing = 0x7069_6C6C_696F_6E01;

    private static readonly Action<object?> EndLater = static state => ((ConnectionLife)state!).Conclude();
    private static readonly Action<object?> GoOn = static state => ((ConnectionLife)state!)._yield.Complete(true);

    private readonly Http2Connection _connection;
    private readonly Connection _socket;
    private readonly Http2Settings _settings;
    private readonly FrameReader _reader;
    private readonly LoopOperation<bool> _yield = new();
    private readonly LoopOperation<bool> _quiet = new();
    private Http2End _end;
    private bool _isGraceful;
    private bool _isConcluded;
    private bool _isShutDown;
    private long _idleMillis;
    private long _idleSince;
    private long _receivedAt;
    private long _settingsDeadline;
    private long _blockDeadline;
    private long _pingDeadline;
    private long _lingerDeadline;

    public ConnectionLife(Http2Connection connection, Connection socket, Http2Settings settings, bool isServer)
    {
        _connection = connection;
        _socket = socket;
        _settings = settings;
        _reader = new FrameReader(connection, socket.Loop.Slabs, settings, expectsPreface: isServer);
        Writer = new FrameWriter(socket, settings, this);
    }

    public FrameWriter Writer { get; }

    /// <summary>It ends, or has ended: no frame is processed any more.</summary>
    public bool IsOver { get; private set; }

    /// <summary>A moment at which the connection itself has something to do; 0 is none.</summary>
    public long OwnDeadline { get; private set; }

    private EventLoop Loop => _socket.Loop;

    /// <summary>Receives until the connection is over and every stream was given back. Never throws.</summary>
    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    public async ValueTask<Http2End> RunAsync(TimeSpan idleTimeout)
    {
        _idleMillis = (long)idleTimeout.TotalMilliseconds;
        _idleSince = _receivedAt = Loop.Millis;
        _settingsDeadline = In(_settings.SettingsTimeout);
        ArmNext();
        try
        {
            await ReceiveAsync();
        }
        catch (Exception exception)
        {
            // A bug of ours: this connection ends, the others go on.
            Loop.Unhandled?.Invoke(exception);
            End(new Http2End(Http2EndReason.Failed, Error: IoError.Other), graceful: false);
        }

        Conclude();
        while (_connection.StreamCount > 0)
        {
            await _quiet.Start();
        }

        if (!_socket.IsClosed)
        {
            // Answers may still wait for the end of this turn.
            Writer.SendNow();
            await CloseAsync();
        }

        Loop.Timers.Cancel(this);
        Writer.Release();
        _reader.Release();
        return _end;
    }

    /// <summary>Brings the connection to its end; runs no code of others now. The first reason counts.</summary>
    /// <param name="graceful">The peer is told, and has time to read what was sent.</param>
    public void End(Http2End end, bool graceful)
    {
        if (IsOver)
        {
            return;
        }

        IsOver = true;
        _end = end;
        _isGraceful = graceful;
        if (graceful && end.Violation != Http2Violation.BadPreface)
        {
            Writer.WriteGoAway(_connection.LastPeerStream, end.Code);
        }

        Loop.Defer(EndLater, this);
    }

    /// <summary>The last stream ended, or the first began.</summary>
    public void StreamsChanged(int count)
    {
        if (count > 0)
        {
            return;
        }

        _idleSince = Loop.Millis;
        if (_quiet.IsPending)
        {
            _quiet.Complete(true);
        }
    }

    public void SettingsAcknowledged() => _settingsDeadline = 0;

    /// <summary>True when it was an answer to a question of this class.</summary>
    public bool PingAcknowledged(ulong data)
    {
        if (data == KeepAlivePing)
        {
            _pingDeadline = 0;
        }

        return data == KeepAlivePing;
    }

    /// <summary>Has <see cref="Http2Connection.DeadlinePassed"/> called in this time.</summary>
    public void SetOwnDeadline(TimeSpan time)
    {
        OwnDeadline = In(time);
        ArmBy(OwnDeadline);
    }

    public void ClearOwnDeadline() => OwnDeadline = 0;

    void IFrameWriterOwner.OutboundFlooded(Http2Violation violation) =>
        End(new Http2End(Http2EndReason.Violated, Http2Violations.Code(violation), violation), graceful: false);

    void IFrameWriterOwner.SendFailed(IoResult result) => End(new Http2End(Http2EndReason.Failed, Error: result.Error), graceful: false);

    void IFrameWriterOwner.RoomMade()
    {
        if (!IsOver)
        {
            _connection.Sending.Pump();
        }
        else if (_isConcluded)
        {
            ShutDown();
        }
    }

    protected internal override void Fire()
    {
        var now = Loop.Millis;
        if (_lingerDeadline != 0)
        {
            _socket.Close();
            return;
        }

        if (HasPassed(_settingsDeadline, now))
        {
            _connection.Violate(Http2Violation.SettingsTimeout);
        }
        else if (HasPassed(_blockDeadline, now))
        {
            _connection.Violate(Http2Violation.HeadTimeout);
        }
        else if (HasPassed(_pingDeadline, now))
        {
            End(new Http2End(Http2EndReason.Failed, Error: IoError.TimedOut), graceful: false);
        }
        else if (_idleMillis > 0 && _connection.StreamCount == 0 && _idleSince + _idleMillis <= now)
        {
            End(new Http2End(Http2EndReason.IdleTimeout), graceful: true);
        }

        if (HasPassed(OwnDeadline, now))
        {
            OwnDeadline = 0;
            _connection.DeadlinePassed();
        }

        var interval = (long)_settings.KeepAliveInterval.TotalMilliseconds;
        if (!IsOver && interval > 0 && _pingDeadline == 0 && _receivedAt + interval <= now)
        {
            Writer.WritePing(KeepAlivePing, isAck: false);
            _pingDeadline = In(_settings.KeepAliveTimeout);
        }

        if (!IsOver)
        {
            ArmNext();
        }
    }

    [AsyncMethodBuilder(typeof(PooledMethodBuilder))]
    private async ValueTask ReceiveAsync()
    {
        Slab? slab = null;
        var size = SlabPool.Medium;
        try
        {
            for (var inARow = 1; ; inARow++)
            {
                // No memory is held while there is nothing to receive.
                var result = slab is null ? await _socket.WaitReadableAsync() : IoResult.Done(1);
                if (result.IsOk)
                {
                    slab ??= Loop.Slabs.Rent(size);
                    result = await _socket.ReceiveAsync(slab);
                }

                if (!result.IsOk || result.Count == 0)
                {
                    PeerStopped(result);
                    return;
                }

                _receivedAt = Loop.Millis;
                size = slab!.Length == slab.Capacity ? SlabPool.Large : SlabPool.Medium;
                slab = Process(slab);
                if (inARow >= MaxInARow && _socket.HasUnread)
                {
                    inARow = 0;
                    var turn = _yield.Start();
                    Loop.Post(GoOn, this);
                    await turn;
                }
            }
        }
        finally
        {
            if (slab is not null)
            {
                Loop.Slabs.Return(slab);
            }
        }
    }

    // Returns the slab when a part of a frame is left in it.
    private Slab? Process(Slab slab)
    {
        if (IsOver)
        {
            // Only drained, so that nothing unread turns our close into a reset.
            slab.Clear();
        }
        else
        {
            _reader.Process(slab);
            if (IsOver)
            {
                slab.Clear();
            }
        }

        if (slab.IsEmpty)
        {
            Loop.Slabs.Return(slab);
            slab = null!;
        }
        else if (slab.Free.IsEmpty || _reader.Needs(slab) > slab.Capacity - slab.Start)
        {
            slab.Compact();
            if (_reader.Needs(slab) > slab.Capacity)
            {
                slab = Loop.Slabs.Grow(slab, _reader.Needs(slab));
            }
        }

        if (!IsOver)
        {
            TimeBlock();
            _connection.Deliver();
        }

        return slab;
    }

    private void TimeBlock()
    {
        if (_reader.IsInBlock == (_blockDeadline != 0))
        {
            return;
        }

        _blockDeadline = _reader.IsInBlock ? In(_settings.HeadTimeout) : 0;
        ArmBy(_blockDeadline);
    }

    private void PeerStopped(IoResult result)
    {
        if (IsOver)
        {
            return;
        }

        if (!result.IsOk)
        {
            End(new Http2End(Http2EndReason.Failed, Error: result.Error), graceful: false);
        }
        else if (_connection.StreamCount == 0 || !_connection.PeerHalfClosed())
        {
            End(new Http2End(Http2EndReason.EndedByPeer, _connection.PeerGoAway), graceful: false);
        }
        else
        {
            // The answers under way are finished; nothing else begins.
            _end = new Http2End(Http2EndReason.EndedByPeer, _connection.PeerGoAway);
            _settingsDeadline = _blockDeadline = _pingDeadline = 0;
        }
    }

    // On an empty stack: whoever uses a stream is told, and then the bytes end.
    private void Conclude()
    {
        if (_isConcluded || !IsOver)
        {
            return;
        }

        _isConcluded = true;
        try
        {
            _connection.FailStreams(
                _isGraceful ? IoError.Closed : _end.Error == IoError.None ? IoError.Reset : _end.Error, _end.Reason == Http2EndReason.EndedByPeer);
            _connection.Concluded(_end);
        }
        finally
        {
            EndSocket();
        }
    }

    private void EndSocket()
    {
        if (_isGraceful)
        {
            _lingerDeadline = Loop.Millis + LingerMillis;
            ArmBy(_lingerDeadline);
            Writer.SendNow();
            ShutDown();
        }
        else if (_end.Reason == Http2EndReason.EndedByPeer)
        {
            _socket.Close();
        }
        else
        {
            _socket.Abort();
        }
    }

    private void ShutDown()
    {
        if (!_isShutDown && !Writer.HasPending && !_socket.IsClosed)
        {
            _isShutDown = true;
            _ = ShutDownAsync();
        }
    }

    [AsyncMethodBuilder(typeof(PooledMethodBuilder))]
    private async ValueTask ShutDownAsync() => await _socket.ShutdownAsync();

    [AsyncMethodBuilder(typeof(PooledMethodBuilder))]
    private async ValueTask CloseAsync()
    {
        if (!_isShutDown && !Writer.HasPending)
        {
            await _socket.ShutdownAsync();
        }

        _socket.Close();
    }

    private void ArmNext()
    {
        ArmBy(_settingsDeadline);
        ArmBy(_blockDeadline);
        ArmBy(_pingDeadline);
        ArmBy(OwnDeadline);
        if (_idleMillis > 0)
        {
            // While streams are open: only to look again.
            ArmBy((_connection.StreamCount == 0 ? _idleSince : Loop.Millis) + _idleMillis);
        }

        if (_settings.KeepAliveInterval > TimeSpan.Zero && _pingDeadline == 0)
        {
            ArmBy(_receivedAt + (long)_settings.KeepAliveInterval.TotalMilliseconds);
        }
    }

    private void ArmBy(long when)
    {
        if (when != 0 && (!IsArmed || When > when))
        {
            Loop.Timers.Arm(this, when);
        }
    }

    private long In(TimeSpan time) => time > TimeSpan.Zero ? Loop.Millis + Math.Max(1, (long)time.TotalMilliseconds) : 0;

    private static bool HasPassed(long deadline, long now) => deadline != 0 && deadline <= now;
}
