using Pillion.Net;

namespace Pillion.Proxy.Listeners;

/// <summary>Who still comes in the clear to listeners whose mutual TLS is permissive: what strict would refuse. Bounded; those beyond are counted as one.</summary>
internal sealed class PlaintextPeers
{
    private const int MaxPeers = 1024;

    private readonly Dictionary<(string Listener, PeerAddress Peer), long> _connections = [];
    private readonly Lock _lock = new();

    /// <summary>A connection in the clear; its port is not part of who the peer is.</summary>
    public void Count(string listener, PeerAddress peer)
    {
        var key = (listener, peer.WithoutPort());
        lock (_lock)
        {
            if (!_connections.ContainsKey(key) && _connections.Count >= MaxPeers)
            {
                key = (listener, default);
            }

            _connections[key] = _connections.GetValueOrDefault(key) + 1;
        }
    }

    /// <summary>Most connections first; no address are those that found no room.</summary>
    public IReadOnlyList<(string Listener, PeerAddress Peer, long Connections)> List()
    {
        lock (_lock)
        {
            return [.. _connections.Select(pair => (pair.Key.Listener, pair.Key.Peer, pair.Value)).OrderByDescending(row => row.Value)];
        }
    }
}
