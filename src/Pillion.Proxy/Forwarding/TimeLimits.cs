using Pillion.Net.Loop;

namespace Pillion.Proxy.Forwarding;

/// <summary>Which limit ended an exchange.</summary>
internal enum TimeLimit : byte
{
    None,

    /// <summary>The route's time-out: from the request's last byte to the answer's last.</summary>
    Route,
    PerTry,

    /// <summary>Nothing moved in a try.</summary>
    PerTryIdle,

    /// <summary>Nothing moved in either direction.</summary>
    Idle,

    /// <summary>The request did not arrive completely in time.</summary>
    Request,
}

/// <summary>Is told when a limit has passed.</summary>
internal interface ITimeLimited
{
    void TimeLimitReached(TimeLimit limit);
}

/// <summary>
/// The time limits of one exchange on one lazy timer: setting one is a store, and the wheel is touched only when none earlier is armed, which
/// is seldom, because the timer outlives the exchange and is found armed by the next.
/// </summary>
internal sealed class TimeLimits(EventLoop loop, ITimeLimited owner) : TimerNode
{
    private long _route;
    private long _perTry;
    private long _request;
    private long _deadline;
    private long _idleSpan;
    private long _tryIdleSpan;
    private long _lastActivity;

    /// <summary>The route's and the try's limit, whichever is earlier, for what has a deadline of its own (connecting).</summary>
    public Deadline Answer => Whole.Or(new Deadline(_perTry));

    /// <summary>The limit of all tries together.</summary>
    public Deadline Whole => new Deadline(_route).Or(new Deadline(_deadline));

    /// <summary>The limit of the answer whose moment has come, told or not.</summary>
    public TimeLimit Passed =>
        new Deadline(_route).HasPassed(loop) || new Deadline(_deadline).HasPassed(loop) ? TimeLimit.Route :
        new Deadline(_perTry).HasPassed(loop) ? TimeLimit.PerTry : TimeLimit.None;

    public void StartRoute(TimeSpan timeout) => Set(ref _route, timeout);

    /// <summary>What the client itself allows, from the request's first byte on (grpc-timeout); it counts as the route's.</summary>
    public void StartDeadline(TimeSpan timeout) => Set(ref _deadline, timeout);

    public void StartTry(TimeSpan timeout) => Set(ref _perTry, timeout);

    /// <summary>Nothing may rest for longer until the try has ended, its answer included.</summary>
    public void StartTryIdle(TimeSpan timeout)
    {
        _tryIdleSpan = (long)timeout.TotalMilliseconds;
        _lastActivity = loop.Millis;
        ArmAt(_lastActivity + _tryIdleSpan);
    }

    /// <summary>So much time is left for the answer.</summary>
    public bool Allows(TimeSpan wait) => Whole is var end && (end.IsNever || end.Millis - loop.Millis > wait.TotalMilliseconds);

    public void StartRequest(TimeSpan timeout) => Set(ref _request, timeout);

    public void StartIdle(TimeSpan timeout)
    {
        _idleSpan = (long)timeout.TotalMilliseconds;
        _lastActivity = loop.Millis;
        if (_idleSpan > 0)
        {
            ArmAt(_lastActivity + _idleSpan);
        }
    }

    /// <summary>An answer that has begun is not tried again; it may still come to rest.</summary>
    public void TryAnswered() => _perTry = 0;

    public void EndTry() => _perTry = _tryIdleSpan = 0;

    public void EndRequest() => _request = 0;

    /// <summary>Something moved.</summary>
    public void Touch() => _lastActivity = loop.Millis;

    /// <summary>No limit holds any more; the timer stays armed and finds nothing to do, or the next exchange's limits.</summary>
    public void Clear() => _route = _perTry = _request = _deadline = _idleSpan = _tryIdleSpan = 0;

    protected internal override void Fire()
    {
        var now = loop.Millis;
        var reached =
            TakePassed(ref _route, now) || TakePassed(ref _deadline, now) ? TimeLimit.Route :
            TakePassed(ref _perTry, now) ? TimeLimit.PerTry :
            TakePassed(ref _request, now) ? TimeLimit.Request :
            _idleSpan > 0 && _lastActivity + _idleSpan <= now ? TimeLimit.Idle :
            _tryIdleSpan > 0 && _lastActivity + _tryIdleSpan <= now ? TimeLimit.PerTryIdle : TimeLimit.None;
        if (reached == TimeLimit.Idle)
        {
            _idleSpan = 0;
        }
        else if (reached == TimeLimit.PerTryIdle)
        {
            _tryIdleSpan = 0;
        }

        // Armed before the owner is told: what it does may set further limits.
        var next = new Deadline(_route).Or(new Deadline(_perTry)).Or(new Deadline(_request)).Or(new Deadline(_deadline));
        if (_idleSpan > 0)
        {
            next = next.Or(new Deadline(_lastActivity + _idleSpan));
        }

        if (_tryIdleSpan > 0)
        {
            next = next.Or(new Deadline(_lastActivity + _tryIdleSpan));
        }

        if (!next.IsNever)
        {
            ArmAt(next.Millis);
        }

        if (reached != TimeLimit.None)
        {
            owner.TimeLimitReached(reached);
        }
    }

    private static bool TakePassed(ref long deadline, long now)
    {
        if (deadline == 0 || deadline > now)
        {
            return false;
        }

        deadline = 0;
        return true;
    }

    private void Set(ref long deadline, TimeSpan timeout)
    {
        deadline = Deadline.After(loop, timeout).Millis;
        if (deadline != 0)
        {
            ArmAt(deadline);
        }
    }

    private void ArmAt(long when)
    {
        if (!IsArmed || When > when)
        {
            loop.Timers.Arm(this, when);
        }
    }
}
