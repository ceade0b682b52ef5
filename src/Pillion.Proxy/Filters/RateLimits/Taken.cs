namespace Pillion.Proxy.Filters.RateLimits;

/// <summary>What a bucket said to a request. Times are nanoseconds.</summary>
internal struct Taken
{
    public bool IsTaken;

    /// <summary>Whole tokens that are left.</summary>
    public long Remaining;

    /// <summary>Until a token is there, where none was.</summary>
    public long Wait;

    /// <summary>Until the bucket is full again.</summary>
    public long UntilFull;

    /// <summary>What a full bucket holds.</summary>
    public int Limit;

    /// <summary>There were more keys than room, and the bucket is the one that such share.</summary>
    public bool IsOverflow;

    /// <summary>Where the bucket is, for giving back.</summary>
    public int Place;
}
