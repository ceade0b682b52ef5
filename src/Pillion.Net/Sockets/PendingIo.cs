using Pillion.Net.Loop;

namespace Pillion.Net.Sockets;

/// <summary>
/// The wait of one direction of a connection: the operation that is awaited, its deadline and its token. The timer is lazy: it is
/// armed only when no earlier one is, and an operation that completes leaves it armed; so a busy connection seldom touches the wheel.
/// </summary>
internal sealed class PendingIo(EventLoop loop) : TimerNode
{
    private readonly LoopOperation<IoResult> _operation = new();
    private CancellationTokenRegistration _registration;
    private CancellationToken _token;
    private long _deadline;

    public bool IsPending => _operation.IsPending;

    /// <summary>Starts to wait. The caller has already found that the operation cannot be done at once.</summary>
    public ValueTask<IoResult> Wait(Deadline deadline, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return new ValueTask<IoResult>(IoResult.Fail(IoError.Cancelled));
        }

        if (deadline.HasPassed(loop))
        {
            return new ValueTask<IoResult>(IoResult.Fail(IoError.TimedOut));
        }

        var task = _operation.Start();
        _deadline = deadline.Millis;
        if (_deadline != 0 && (!IsArmed || When > _deadline))
        {
            loop.Timers.Arm(this, _deadline);
        }

        if (cancellationToken.CanBeCanceled)
        {
            _token = cancellationToken;
            _registration = cancellationToken.UnsafeRegister(static state => ((PendingIo)state!).RequestCancel(), this);
        }

        return task;
    }

    public void Complete(IoResult result)
    {
        if (!IsPending)
        {
            return;
        }

        _deadline = 0;
        if (_registration != default)
        {
            _registration.Unregister();
            _registration = default;
        }

        _token = default;

        _operation.Complete(result);
    }

    /// <summary>Ends everything at close: the timer too.</summary>
    public void Close()
    {
        loop.Timers.Cancel(this);
        if (IsPending)
        {
            Complete(IoResult.Fail(IoError.Closed));
        }
    }

    protected internal override void Fire()
    {
        if (!IsPending || _deadline == 0)
        {
            return;
        }

        if (_deadline <= loop.Millis)
        {
            Complete(IoResult.Fail(IoError.TimedOut));
        }
        else
        {
            loop.Timers.Arm(this, _deadline);
        }
    }

    private void RequestCancel()
    {
        if (loop.IsOnThread)
        {
            CancelIfAsked();
        }
        else
        {
            loop.Post(static state => ((PendingIo)state!).CancelIfAsked(), this);
        }
    }

    // The wait that the token belonged to may be over and another begun: what counts is the token of the wait of now.
    private void CancelIfAsked()
    {
        if (IsPending && _token.IsCancellationRequested)
        {
            Complete(IoResult.Fail(IoError.Cancelled));
        }
    }
}
