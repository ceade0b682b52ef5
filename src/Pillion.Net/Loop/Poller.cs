namespace Pillion.Net.Loop;

/// <summary>How a loop sleeps until something happens, and is woken by another thread.</summary>
internal abstract class Poller : IDisposable
{
    /// <summary>Waits for events at most so long (-1 without end, 0 not at all) and handles them.</summary>
    public abstract void Poll(int timeoutMillis);

    /// <summary>Ends a <see cref="Poll"/> that sleeps; from any thread.</summary>
    public abstract void Wake();

    public virtual void Dispose()
    {
    }
}

/// <summary>Sleeps on an event: for transports that report through <see cref="EventLoop.Post(Action{object?}, object?)"/>.</summary>
internal sealed class ParkingPoller : Poller
{
    private readonly AutoResetEvent _signal = new(false);

    public override void Poll(int timeoutMillis) => _signal.WaitOne(timeoutMillis);

    public override void Wake() => _signal.Set();

    public override void Dispose() => _signal.Dispose();
}
