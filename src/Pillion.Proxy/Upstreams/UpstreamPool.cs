using System.Runtime.CompilerServices;
using Pillion.Core.Signals.Metrics;
using Pillion.Net;
using Pillion.Net.Loop;
using Pillion.Net.Sockets;
using Pillion.Proxy.Clusters;
using Pillion.Proxy.Configuration;

namespace Pillion.Proxy.Upstreams;

/// <summary>
/// The connections of one cluster on one loop, by endpoint. An <see cref="Endpoint"/> belongs to one cluster, whose transport settings are
/// part of it; with <see cref="DialedFor"/> it is the whole peer identity: a connection can never be used for another peer or another trust.
/// </summary>
internal sealed class UpstreamPool : TimerNode
{
    private const int SweepMillis = 1000;

    private readonly EventLoop _loop;
    private readonly ClusterConfig _config;
    private readonly ClusterMetrics _metrics;
    private readonly UpstreamDialer _dialer;
    private readonly Dictionary<Endpoint, EndpointPool> _endpoints = [];
    private readonly List<Endpoint> _empty = [];
    private EndpointPool? _recent;

    public UpstreamPool(EventLoop loop, Network network, ClusterConfig config, ClusterMetrics metrics)
    {
        _loop = loop;
        _config = config;
        _metrics = metrics;
        _dialer = new UpstreamDialer(loop, network, config, metrics);
    }

    /// <summary>Idle connections now.</summary>
    public int IdleCount => _endpoints.Values.Sum(pool => pool.Http1.IdleCount);

    /// <summary>The cluster is gone or was replaced: nothing is kept any more.</summary>
    public bool IsRetired { get; private set; }

    /// <summary>A stream on a connection that is there, or on a new one.</summary>
    /// <param name="deadline">The request's own; the cluster's connect time-out bounds the handshakes too.</param>
    /// <param name="isTunnel">The connection will carry bytes that are no HTTP: it must be a new one.</param>
    public ValueTask<Lease> RentAsync(Endpoint endpoint, UpstreamDemand demand, Deadline deadline, CancellationToken cancellationToken)
    {
        var pool = PoolOf(endpoint);
        var wanted = For(demand.Client);
        if (!demand.IsTunnel && pool.Http1.TryTake(wanted) is { } connection)
        {
            return new ValueTask<Lease>(new Lease(connection, default));
        }

        return ConnectAsync(pool, wanted, deadline, cancellationToken);
    }

    /// <summary>The upstream announced how long it keeps idle connections (Keep-Alive: timeout=N).</summary>
    public void KeepAliveAnnounced(Endpoint endpoint, long seconds) => PoolOf(endpoint).Http1.KeepAliveAnnounced(seconds);

    /// <summary>Closes what is idle now and everything else when it comes back.</summary>
    public void Retire()
    {
        IsRetired = true;
        _loop.Timers.Cancel(this);
        foreach (var pool in _endpoints.Values)
        {
            pool.Http1.CloseIdle();
        }
    }

    /// <summary>The connection was made under the certificates and trust of now.</summary>
    public bool IsCurrent(DialedFor dialedFor) => true;

    public void CountClosed(bool byPeer)
    {
        if (byPeer)
        {
            _metrics.ConnectionsDestroyedRemote++;
        }
        else
        {
            _metrics.ConnectionsDestroyedLocal++;
        }

        _metrics.ConnectionsActive--;
        _metrics.ConnectionsDestroyed++;
    }

    /// <summary>Something is idle, and will be too old at some time.</summary>
    public void SweepLater()
    {
        if (!IsArmed)
        {
            _loop.Timers.Arm(this, _loop.Millis + SweepMillis);
        }
    }

    protected internal override void Fire()
    {
        var isIdle = false;
        foreach (var (endpoint, pool) in _endpoints)
        {
            pool.Http1.Sweep();
            isIdle |= pool.Http1.IdleCount > 0;
            if (endpoint.IsRemoved && pool.Http1.IdleCount == 0)
            {
                _empty.Add(endpoint);
            }
        }

        foreach (var endpoint in _empty)
        {
            _recent = null;
            _endpoints.Remove(endpoint);
        }

        _empty.Clear();
        if (isIdle)
        {
            SweepLater();
        }
    }

    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    private async ValueTask<Lease> ConnectAsync(EndpointPool pool, DialedFor wanted, Deadline deadline, CancellationToken cancellationToken)
    {
        _metrics.PendingTotal++;
        _metrics.PendingActive++;
        var dialed = await _dialer.DialAsync(pool.Endpoint, wanted.Client, deadline, cancellationToken);
        _metrics.PendingActive--;
        if (dialed.Connection is null)
        {
            _metrics.Cancelled += cancellationToken.IsCancellationRequested ? 1 : 0;
            return new Lease(null, dialed.Failure);
        }

        return new Lease(pool.Http1.Add(dialed.Connection, wanted), default);
    }

    private DialedFor For(PeerAddress client) => new(0, _config.ProxyHeader == Configuration.Transport.ProxyHeaderVersion.None ? default : client);

    private EndpointPool PoolOf(Endpoint endpoint)
    {
        if (ReferenceEquals(endpoint, _recent?.Endpoint))
        {
            return _recent!;
        }

        if (!_endpoints.TryGetValue(endpoint, out var pool))
        {
            _endpoints[endpoint] = pool = new EndpointPool(endpoint, new Http1Pool(this, _loop, endpoint, _config, _metrics));
        }

        return _recent = pool;
    }

    private sealed record EndpointPool(Endpoint Endpoint, Http1Pool Http1);
}
