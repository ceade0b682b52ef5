namespace Pillion.Proxy.Upstreams;

/// <summary>
/// What is known of how long an upstream keeps an idle connection: what its Keep-Alive field says, and at which ages it was seen to close.
/// A pooled connection older than that is not used: the request would race with the close. Times are loop milliseconds.
/// </summary>
internal sealed class IdleLimit(TimeSpan configured)
{
    // Leave the upstream's clock and the wire this much: a tenth, at least 100 ms, at most 2 s.
    private const long MinMarginMillis = 100;
    private const long MaxMarginMillis = 2000;

    // A restart looks like a short idle time; what is true is soon learnt again.
    private const long RememberedMillis = 10 * 60 * 1000;

    private readonly long _configured = Math.Max(1, (long)configured.TotalMilliseconds);
    private long _learnt = long.MaxValue;
    private long _learntAt;

    /// <summary>The upstream said <c>Keep-Alive: timeout=N</c>.</summary>
    public void Announced(long seconds, long now) => Learn(seconds * 1000, now);

    /// <summary>The upstream closed a connection that had been idle so long.</summary>
    public void ClosedAfter(long idleMillis, long now)
    {
        // Closes within the first moments are restarts and connection limits, not idle time-outs.
        if (idleMillis >= 500)
        {
            Learn(idleMillis, now);
        }
    }

    /// <summary>An idle connection may be used again up to this age.</summary>
    public long At(long now) => now - _learntAt > RememberedMillis ? _configured : Math.Min(_configured, _learnt);

    private void Learn(long millis, long now)
    {
        var usable = Math.Max(1, millis - Math.Clamp(millis / 10, MinMarginMillis, MaxMarginMillis));
        if (usable <= _learnt || now - _learntAt > RememberedMillis)
        {
            _learnt = usable;
            _learntAt = now;
        }
    }
}
