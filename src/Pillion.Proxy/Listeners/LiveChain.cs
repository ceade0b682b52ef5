namespace Pillion.Proxy.Listeners;

/// <summary>
/// The filter chain of one connection, through all reloads: what the newest configuration says of it, or the last word where it no longer has
/// it and the connection drains.
/// </summary>
internal sealed class LiveChain(BoundListener listener, ListenerSnapshot first, ChainSnapshot chain)
{
    private ListenerSnapshot _seen = first;
    private ChainSnapshot _chain = chain;
    private bool _isGone;

    public BoundListener Listener => listener;

    /// <summary>No request is served after the present one.</summary>
    public bool IsClosing
    {
        get
        {
            Look(listener.Current);
            return listener.IsClosed || _isGone;
        }
    }

    public ChainSnapshot Current => Look(listener.Current);

    public HttpSnapshot Http => Current.Http!;

    /// <summary>What a request is served by: one configuration, read once.</summary>
    public (HttpSnapshot Http, ProxySnapshot Snapshot) Pin()
    {
        var snapshot = listener.Live;
        return (Look(snapshot.Find(listener) ?? listener.Current).Http!, snapshot);
    }

    /// <summary>As <see cref="Pin"/>, for what is no HTTP.</summary>
    public (ChainSnapshot Chain, ProxySnapshot Snapshot) PinChain()
    {
        var snapshot = listener.Live;
        return (Look(snapshot.Find(listener) ?? listener.Current), snapshot);
    }

    // Asked for each request; it changes only with a reload.
    private ChainSnapshot Look(ListenerSnapshot now)
    {
        if (!ReferenceEquals(now, _seen))
        {
            _seen = now;
            var next = now.Find(_chain.Name);
            _isGone = next is null || next.Config.Tls != _chain.Config.Tls || next.Http is null != _chain.Http is null || next.Tcp is null != _chain.Tcp is null;
            _chain = _isGone ? _chain : next!;
        }

        return _chain;
    }
}
