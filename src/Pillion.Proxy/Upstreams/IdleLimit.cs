namespace Pillion.Proxy.Upstreams;

/// <summary>
/// What is known of how long an upstream keeps an idle connection: what its Keep-Alive field says, and at which ages it was seen to close.
/// A pooled connection older than that is not used: the request would race with the close.
/// </summary>
internal sealed class IdleLimit(TimeSpan configured)
{
    // Leave the upstream's clock and the wire this much: a tenth, at least 100 ms, at most 2 s.
    private const long MinMarginMillis = 100;
    private const long MaxMarginMillis = 2000;

    private long _millis = Math.Max(1, (long)configured.TotalMilliseconds);

    /// <summary>An idle connection may be used again up to this age, in milliseconds.</summary>
    public long Millis => _millis;

    /// <summary>The upstream said <c>Keep-Alive: timeout=N</c>.</summary>
    public void Announced(long seconds) => Shorten(seconds * 1000);

    /// <summary>The upstream closed a connection that had been idle so long.</summary>
    public void ClosedAfter(long idleMillis)
    {
        // Closes within the first moments are restarts and connection limits, not idle time-outs.
        if (idleMillis >= 500)
        {
            Shorten(idleMillis);
        }
    }

    private void Shorten(long millis)
    {
        var usable = Math.Max(1, millis - Math.Clamp(millis / 10, MinMarginMillis, MaxMarginMillis));
        if (usable < _millis)
        {
            _millis = usable;
        }
    }
}
