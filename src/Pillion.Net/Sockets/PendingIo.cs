using Pillion.Net.Loop;

namespace Pillion.Net.Sockets;

/// <summary>
/// The wait of one direction of a connection, with its deadline and its token. There are thousands of them, most without either: what these need is made when it is
/// first needed, and kept.
/// </summary>
internal sealed class PendingIo(EventLoop loop) : LoopOperation<IoResult>
{
    private DeadlineTimer? _timer;
    private Cancellation? _cancellation;

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

        var task = Start();
        if (!deadline.IsNever)
        {
            (_timer ??= new DeadlineTimer(this)).Set(deadline.Millis);
        }

        if (cancellationToken.CanBeCanceled)
        {
            (_cancellation ??= new Cancellation(this)).Set(cancellationToken);
        }

        return task;
    }

    public override void Complete(IoResult result)
    {
        if (IsPending)
        {
            _timer?.Clear();
            _cancellation?.Clear();
            base.Complete(result);
        }
    }

    /// <summary>Ends everything at close: the timer too.</summary>
    public void Close()
    {
        if (_timer is not null)
        {
            loop.Timers.Cancel(_timer);
        }

        Complete(IoResult.Fail(IoError.Closed));
    }

    /// <summary>
    /// The timer is lazy: it is armed only when no earlier one is, and an operation that completes leaves it armed; so a busy connection seldom
    /// touches the wheel.
    /// </summary>
    private sealed class DeadlineTimer(PendingIo owner) : TimerNode
    {
        private long _deadline;

        private EventLoop Loop => owner.Loop;

        public void Set(long deadline)
        {
            _deadline = deadline;
            if (!IsArmed || When > deadline)
            {
                Loop.Timers.Arm(this, deadline);
            }
        }

        public void Clear() => _deadline = 0;

        protected internal override void Fire()
        {
            if (!owner.IsPending || _deadline == 0)
            {
                return;
            }

            if (_deadline <= Loop.Millis)
            {
                owner.Complete(IoResult.Fail(IoError.TimedOut));
            }
            else
            {
                Loop.Timers.Arm(this, _deadline);
            }
        }
    }

    /// <summary>The token of the wait of now.</summary>
    private sealed class Cancellation(PendingIo owner)
    {
        private CancellationTokenRegistration _registration;
        private CancellationToken _token;

        public void Set(CancellationToken token)
        {
            _token = token;
            _registration = token.UnsafeRegister(static state => ((Cancellation)state!).Request(), this);
        }

        public void Clear()
        {
            _registration.Unregister();
            _registration = default;
            _token = default;
        }

        private void Request()
        {
            if (owner.Loop.IsOnThread)
            {
                CancelIfAsked();
            }
            else
            {
                owner.Loop.Post(static state => ((Cancellation)state!).CancelIfAsked(), this);
            }
        }

        // The wait that the token belonged to may be over and another begun: what counts is the token of the wait of now.
        private void CancelIfAsked()
        {
            if (owner.IsPending && _token.IsCancellationRequested)
            {
                owner.Complete(IoResult.Fail(IoError.Cancelled));
            }
        }
    }

    private EventLoop Loop => loop;
}
