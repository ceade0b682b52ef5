namespace Pillion.Net.Http.Http2;

/// <summary>So many at once, then so many a second.</summary>
internal struct TokenBucket(int burst, int perSecond)
{
    // In thousandths, so that milliseconds times a rate need no division.
    private long _level = burst * 1000L;
    private long _millis;

    /// <summary>Takes one; false when there is none.</summary>
    public bool TryTake(long nowMillis)
    {
        var passed = nowMillis - _millis;
        if (passed > 0)
        {
            _millis = nowMillis;
            _level = Math.Min(burst * 1000L, _level + (passed * perSecond));
        }

        if (_level < 1000)
        {
            return false;
        }

        _level -= 1000;
        return true;
    }
}
