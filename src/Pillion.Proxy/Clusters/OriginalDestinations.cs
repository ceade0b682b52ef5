using System.Net;
using Pillion.Net;

namespace Pillion.Proxy.Clusters;

/// <summary>
/// The endpoints of a <see cref="Configuration.ClusterDiscovery.OriginalDestination"/> cluster on one loop: wherever redirected connections wanted to
/// go. One that is not asked for is forgotten after a while, with the connections that were kept to it (Envoy: cleanup_interval, 5 s).
/// </summary>
internal sealed class OriginalDestinations
{
    private const long KeptMillis = 60_000;
    private const int MaxEndpoints = 1024;

    // With more in use than that, looking through all for each connection would be the greater cost.
    private const long FullMillis = 1_000;

    private readonly Dictionary<PeerAddress, Entry> _endpoints = [];
    private long _lastCleaning;
    private long _nextCleaning;

    public int Count => _endpoints.Count;

    /// <summary>The endpoint at an address; null where the address is none that can be connected to.</summary>
    /// <param name="now">Loop milliseconds.</param>
    public Endpoint? Find(PeerAddress destination, long now)
    {
        if (now >= _nextCleaning || (_endpoints.Count >= MaxEndpoints && now >= _lastCleaning + FullMillis))
        {
            Forget(now);
        }

        if (!_endpoints.TryGetValue(destination, out var entry))
        {
            if (destination.ToIPAddress() is not { } address || destination.Port == 0)
            {
                return null;
            }

            entry = new Entry(new Endpoint(new Address(address.ToString(), destination.Port), new IPEndPoint(address, destination.Port), 1));
            _endpoints.Add(destination, entry);
        }

        entry.LastUsed = now;
        return entry.Endpoint;
    }

    private void Forget(long now)
    {
        _lastCleaning = now;
        _nextCleaning = now + (KeptMillis / 4);
        foreach (var (address, entry) in _endpoints)
        {
            if (entry.Endpoint.ActiveRequests == 0 && now - entry.LastUsed >= KeptMillis)
            {
                entry.Endpoint.IsRemoved = true;
                _endpoints.Remove(address);
            }
        }
    }

    private sealed class Entry(Endpoint endpoint)
    {
        public Endpoint Endpoint { get; } = endpoint;

        public long LastUsed { get; set; }
    }
}
