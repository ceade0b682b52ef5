using Pillion.Proxy.Clusters.Levels;

namespace Pillion.Proxy.Clusters;

/// <summary>What one request asks of the choice of its endpoint: its hash, the labels its route wants, the endpoint its session is with. Used again by the next one.</summary>
internal sealed class PickWish
{
    public ulong Hash { get; private set; }

    public bool HasHash { get; private set; }

    public LabelSet Labels { get; set; } = LabelSet.None;

    /// <summary>The <see cref="Endpoint.Id"/> of the session's endpoint.</summary>
    public ulong Pinned { get; private set; }

    public bool IsPinned { get; private set; }

    /// <summary>The session's endpoint, or none.</summary>
    public bool IsStrict { get; private set; }

    /// <summary>Of the cookies that the answer gives.</summary>
    public ulong CookieValue { get; set; }

    /// <summary>Which of the route's hash policies give one, bit by bit.</summary>
    public uint NewCookies { get; set; }

    public void SetHash(ulong hash)
    {
        Hash = hash;
        HasHash = true;
    }

    public void Pin(ulong endpoint, bool isStrict)
    {
        Pinned = endpoint;
        IsPinned = true;
        IsStrict = isStrict;
    }

    public void Clear()
    {
        Hash = 0;
        HasHash = false;
        Labels = LabelSet.None;
        NewCookies = 0;
        IsPinned = false;
        IsStrict = false;
    }
}
