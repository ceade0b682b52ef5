using System.Runtime.CompilerServices;
using Pillion.Net.Loop;
using Pillion.Net.Sockets;

namespace Pillion.Proxy.Tcp;

/// <summary>
/// Two connections joined until both are done: each direction is ended by its own sender, a reset on one side becomes a reset on the other, and
/// what was received before is still delivered where it can be. Closes both. Loop thread only.
/// </summary>
internal sealed class TcpRelay : TimerNode, IPeerWatcher
{
    // How long what is left may take to be delivered once a side has gone.
    private const long GraceMillis = 5_000;

    private readonly Connection _downstream;
    private readonly Connection _upstream;
    private readonly TcpCopy _fromClient;
    private readonly TcpCopy _fromUpstream;
    private readonly long _idleMillis;
    private readonly long _maxDurationEnd;
    private long _graceEnd;
    private long _lastActivity;
    private TcpEnd _firstToClose;
    private TcpEnd _end;
    private IoResult _error = IoResult.Done(0);
    private bool _isClosed;

    public TcpRelay(Connection downstream, Connection upstream, TcpLimits limits, TcpCounters counters)
    {
        _downstream = downstream;
        _upstream = upstream;
        Counters = counters;
        _fromClient = new TcpCopy(this, downstream, upstream, isFromClient: true);
        _fromUpstream = new TcpCopy(this, upstream, downstream, isFromClient: false);
        _idleMillis = (long)limits.IdleTimeout.TotalMilliseconds;
        _maxDurationEnd = Deadline.After(Loop, limits.MaxDuration).Millis;
    }

    public TcpCounters Counters { get; }

    /// <summary>What came last came from the client: its upstream may be at work on it.</summary>
    public bool IsClientOwedAnswer { get; set; }

    private EventLoop Loop => _downstream.Loop;

    /// <summary>What became of it; complete once <see cref="RunAsync"/> is.</summary>
    public TcpResult Result => new(_end, _fromClient.Received, _fromUpstream.Sent, _error);

    /// <summary>Relays until both directions are over and both connections closed. Called once.</summary>
    [AsyncMethodBuilder(typeof(PooledMethodBuilder))]
    public async ValueTask RunAsync()
    {
        Touch();
        ArmForNext();
        _downstream.Watcher = this;
        _upstream.Watcher = this;
        var fromClient = _fromClient.RunAsync();
        await _fromUpstream.RunAsync();
        await fromClient;
        Close(isAbort: false);
        Blame(_firstToClose, IoResult.Done(0));
        Counters.Ended(_end);
    }

    /// <summary>Nothing has moved for so long, and nothing is under way: it may be closed without cutting anything off.</summary>
    public bool IsIdleFor(TimeSpan time) => !HasInHand && !_downstream.HasUnread && !_upstream.HasUnread && Loop.Millis - _lastActivity >= (long)time.TotalMilliseconds;

    /// <summary>Closes both connections, whatever they do.</summary>
    public void Stop() => Finish(TcpEnd.Stopped, isAbort: HasInHand);

    /// <summary>Something moved.</summary>
    public void Touch() => _lastActivity = Loop.Millis;

    /// <summary>A sender ended its half. Once both have, the relay is over.</summary>
    public void SenderEnded(TcpCopy copy)
    {
        if (_firstToClose == TcpEnd.None)
        {
            _firstToClose = copy.IsFromClient ? TcpEnd.ClientClosed : TcpEnd.UpstreamClosed;
        }
    }

    /// <summary>A sender broke: everything that it sent before was passed on, and its receiver is told by a reset.</summary>
    public void ReceiveFailed(TcpCopy copy, IoResult result)
    {
        Blame(result.Error == IoError.Closed ? TcpEnd.Stopped : copy.IsFromClient ? TcpEnd.ResetByClient : TcpEnd.ResetByUpstream, result);
        Close(isAbort: true);
    }

    /// <summary>A receiver broke. It may have sent an answer before it went, which the other direction still delivers.</summary>
    public void SendFailed(TcpCopy copy, IoResult result)
    {
        Blame(result.Error == IoError.Closed ? TcpEnd.Stopped : result.Error != IoError.Reset ? TcpEnd.SendFailed : copy.IsFromClient ? TcpEnd.ResetByUpstream : TcpEnd.ResetByClient, result);
        Lost(copy);
    }

    /// <summary>What is left is no longer worth waiting for.</summary>
    public void GiveUp() => Close(isAbort: true);

    void IPeerWatcher.PeerClosed(Connection connection, bool isReset)
    {
        // An end is what the copy reads for itself. A reset it may not: it may have read the end before, or be waiting to send.
        if (isReset)
        {
            var toConnection = ReferenceEquals(connection, _downstream) ? _fromUpstream : _fromClient;
            Blame(toConnection.IsFromClient ? TcpEnd.ResetByUpstream : TcpEnd.ResetByClient, IoResult.Fail(IoError.Reset));
            Lost(toConnection);
        }
    }

    protected internal override void Fire()
    {
        var now = Loop.Millis;
        // A send of much to a slow receiver takes long, and tells nothing before its end.
        if (_fromClient.HasProgressed() | _fromUpstream.HasProgressed())
        {
            _lastActivity = now;
        }

        if (_graceEnd != 0 && _graceEnd <= now)
        {
            GiveUp();
        }
        else if (_maxDurationEnd != 0 && _maxDurationEnd <= now)
        {
            Finish(TcpEnd.MaxDuration, isAbort: HasInHand);
        }
        else if (_idleMillis > 0 && _lastActivity + _idleMillis <= now)
        {
            Finish(TcpEnd.IdleTimeout, isAbort: HasInHand);
        }
        else
        {
            ArmForNext();
        }
    }

    private bool HasInHand => _fromClient.InHand > 0 || _fromUpstream.InHand > 0;

    private void Blame(TcpEnd end, IoResult error)
    {
        if (_end == TcpEnd.None)
        {
            _end = end;
            _error = error;
        }
    }

    // Nothing more can reach the receiver of this copy.
    private void Lost(TcpCopy copy)
    {
        copy.Discards = true;
        if (_graceEnd == 0 && !_isClosed)
        {
            _graceEnd = Loop.Millis + GraceMillis;
            ArmForNext();
        }
    }

    private void Finish(TcpEnd end, bool isAbort)
    {
        Blame(end, IoResult.Done(0));
        Close(isAbort);
    }

    private void Close(bool isAbort)
    {
        if (_isClosed)
        {
            return;
        }

        // First: closing resumes the copies, which end here again.
        _isClosed = true;
        Loop.Timers.Cancel(this);
        foreach (var connection in (ReadOnlySpan<Connection>)[_downstream, _upstream])
        {
            connection.Watcher = null;
            if (isAbort)
            {
                connection.Abort();
            }
            else
            {
                connection.Close();
            }
        }
    }

    private void ArmForNext()
    {
        var next = new Deadline(_maxDurationEnd).Or(new Deadline(_graceEnd));
        if (_idleMillis > 0)
        {
            next = next.Or(new Deadline(_lastActivity + _idleMillis));
        }

        if (!next.IsNever && (!IsArmed || When > next.Millis))
        {
            Loop.Timers.Arm(this, next.Millis);
        }
    }
}
