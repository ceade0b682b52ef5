namespace Pillion.Net.Loop;

/// <summary>How a loop sleeps until something happens, and is woken by another thread.</summary>
internal abstract class Poller : IDisposable
{
    /// <summary>Waits for events at most so long (-1 without end, 0 not at all); handles none yet, so that the loop can read its clock first.</summary>
    public abstract void Wait(int timeoutMillis);

    /// <summary>Handles what the wait found. When a handler throws, a further call goes on behind it: an edge is reported only once.</summary>
    public virtual void Dispatch()
    {
    }

    /// <summary>Ends a <see cref="Wait"/> that sleeps; from any thread.</summary>
    public abstract void Wake();

    public virtual void Dispose()
    {
    }
}

/// <summary>Sleeps on an event: for transports that report through <see cref="EventLoop.Post(Action{object?}, object?)"/>.</summary>
internal sealed class ParkingPoller : Poller
{
    private readonly AutoResetEvent _signal = new(false);

    public override void Wait(int timeoutMillis) => _signal.WaitOne(timeoutMillis);

    public override void Wake() => _signal.Set();

    public override void Dispose() => _signal.Dispose();
}
