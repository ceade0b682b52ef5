namespace Pillion.Proxy.Clusters.Outliers;

/// <summary>Requests and how many of them succeeded, counted by all loops in one word: one atomic step each, and taken out together.</summary>
internal struct Tally
{
    private long _counts;

    public void Count(bool isGood) => Interlocked.Add(ref _counts, (1L << 32) + (isGood ? 1 : 0));

    /// <summary>What was counted since the last time.</summary>
    public (int Total, int Good) Take()
    {
        var counts = Interlocked.Exchange(ref _counts, 0);
        return ((int)(counts >> 32), (int)(uint)counts);
    }
}
