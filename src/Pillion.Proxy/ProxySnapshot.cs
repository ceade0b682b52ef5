using System.Collections.Frozen;
using Pillion.Proxy.Clusters;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Filters;
using Pillion.Proxy.Listeners;
using Pillion.Proxy.Upstreams;

namespace Pillion.Proxy;

/// <summary>One configuration of the proxy, compiled and immutable; a request reads it once and keeps it. Endpoints change inside their clusters.</summary>
internal sealed class ProxySnapshot
{
    public static readonly ProxySnapshot Empty = new(new ProxyConfig(), FrozenDictionary<string, Cluster>.Empty, [], new FilterStates(before: null));

    private readonly (BoundListener Bound, ListenerSnapshot Snapshot)[] _byListener;

    public ProxySnapshot(ProxyConfig config, FrozenDictionary<string, Cluster> clusters, IReadOnlyList<(BoundListener Bound, ListenerSnapshot Snapshot)> listeners, FilterStates filterStates)
    {
        Config = config;
        Clusters = clusters;
        Listeners = listeners;
        FilterStates = filterStates;
        _byListener = [.. listeners];
    }

    public ProxyConfig Config { get; }

    public FrozenDictionary<string, Cluster> Clusters { get; }

    public IReadOnlyList<(BoundListener Bound, ListenerSnapshot Snapshot)> Listeners { get; }

    /// <summary>What the filters remember.</summary>
    public FilterStates FilterStates { get; }

    /// <summary>Null: this configuration no longer has the listener.</summary>
    public ListenerSnapshot? Find(BoundListener listener)
    {
        // Asked for each request; a sidecar has two or three of them.
        foreach (var (bound, snapshot) in _byListener)
        {
            if (ReferenceEquals(bound, listener))
            {
                return snapshot;
            }
        }

        return null;
    }
}
