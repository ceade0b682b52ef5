namespace Pillion.Proxy.Listeners;

/// <summary>Which refusals were told lately: a scan, or a peer that tries again and again, must not fill the log.</summary>
internal sealed class ToldRefusals(TimeProvider time)
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly Dictionary<string, (long At, int Untold)> _told = [];
    private readonly Lock _lock = new();

    /// <param name="reason">One of a fixed set of words.</param>
    /// <param name="untold">How many of this reason were not told since the last that was.</param>
    public bool MayTell(string reason, long now, out int untold)
    {
        lock (_lock)
        {
            var isKnown = _told.TryGetValue(reason, out var last);
            if (isKnown && time.GetElapsedTime(last.At, now) < Pause)
            {
                _told[reason] = last with { Untold = last.Untold + 1 };
                untold = 0;
                return false;
            }

            untold = last.Untold;
            _told[reason] = (now, 0);
            return true;
        }
    }
}
