using Pillion.Core.Signals.Metrics;
using Pillion.Net.Loop;
using Pillion.Proxy.Clusters;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Configuration.Transport;
using Pillion.Proxy.Upstreams.Circuits;

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
    private readonly CircuitBreakers _breakers;
    private readonly Dictionary<(Endpoint Endpoint, RoutePriority Priority), EndpointPool> _endpoints = [];
    private readonly List<(Endpoint, RoutePriority)> _empty = [];
    private EndpointPool? _recent;
    private int _waiting;

    public UpstreamPool(EventLoop loop, UpstreamDialer dialer, ClusterConfig config, CircuitBreakers breakers, ClusterMetrics metrics)
    {
        _breakers = breakers;
        breakers.Default.Queue.Add(this);
        breakers.High.Queue.Add(this);
        _loop = loop;
        _config = config;
        _metrics = metrics;
        _dialer = dialer;
    }

    /// <summary>Idle HTTP/1 connections now.</summary>
    public int IdleCount => _endpoints.Values.Sum(pool => pool.Http1.IdleCount);

    /// <summary>The cluster is gone or was replaced: nothing is kept any more.</summary>
    public bool IsRetired { get; private set; }

    /// <summary>A stream on a connection that is there, or on a new one.</summary>
    /// <param name="deadline">The request's own; the cluster's connect time-out bounds the handshakes too.</param>
    public ValueTask<Lease> RentAsync(Endpoint endpoint, UpstreamDemand demand, Deadline deadline, CancellationToken cancellationToken) =>
        PoolOf(endpoint, demand.Priority).RentAsync(demand, For(demand.Client), deadline, cancellationToken);

    /// <summary>The upstream announced how long it keeps idle connections (Keep-Alive: timeout=N).</summary>
    public void KeepAliveAnnounced(Endpoint endpoint, long seconds) => PoolOf(endpoint, RoutePriority.Default).Http1.KeepAliveAnnounced(seconds);

    /// <summary>A connection that no pool keeps, counted in the cluster's limits: <see cref="EndpointPool.Closed"/> of its pool ends it.</summary>
    public ValueTask<Dialed> DialAsync(Endpoint endpoint, ProxiedClient client, CancellationToken cancellationToken) =>
        PoolOf(endpoint, RoutePriority.Default).DialAsync(client, cancellationToken);

    /// <summary>A connection of <see cref="DialAsync"/> has ended.</summary>
    public void Closed(Endpoint endpoint, bool byPeer) => PoolOf(endpoint, RoutePriority.Default).Closed(byPeer);

    /// <summary>Requests on this loop that wait because there may be no more connections.</summary>
    public void WaitBegins() => Interlocked.Increment(ref _waiting);

    public void WaitEnds() => Interlocked.Decrement(ref _waiting);

    /// <summary>A connection may be made: the first that waits for each endpoint looks again. From any thread.</summary>
    public void WakeWaiting(ConnectionQueue queue)
    {
        if (Volatile.Read(ref _waiting) > 0)
        {
            _loop.Post(() => WakeOnLoop(queue));
        }
    }

    /// <summary>Closes an idle connection, so that another can be made. From any thread.</summary>
    public void AskForIdle(CircuitBreaker breaker) => _loop.Post(() => CloseOneIdle(breaker));

    /// <summary>Closes an idle connection of an endpoint that nobody waits for; false where there is none. Loop thread only.</summary>
    public bool CloseOneIdle(CircuitBreaker breaker)
    {
        foreach (var pool in _endpoints.Values)
        {
            if (pool.Breaker == breaker && pool.CloseOneIdle())
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Closes the idle connections to an endpoint that was found not to serve. Loop thread only.</summary>
    public void CloseIdle(Endpoint endpoint)
    {
        foreach (var pool in _endpoints.Values.Where(pool => pool.Endpoint == endpoint).ToArray())
        {
            pool.Http1.CloseIdle();
            pool.Http2.CloseIdle();
        }
    }

    /// <summary>Closes what is idle now and everything else when it comes back.</summary>
    public void Retire()
    {
        IsRetired = true;
        _loop.Timers.Cancel(this);
        foreach (var pool in _endpoints.Values)
        {
            pool.Http1.CloseIdle();
            pool.Http2.CloseIdle();
        }
    }

    /// <summary>Closes what is idle now: memory is short.</summary>
    /// <returns>How many connections that were.</returns>
    public int ShedIdle()
    {
        var before = _metrics.ConnectionsDestroyed;
        foreach (var pool in _endpoints.Values)
        {
            pool.Http1.CloseIdle();
            pool.Http2.CloseIdle();
        }

        return (int)(_metrics.ConnectionsDestroyed - before);
    }

    /// <summary>The connection was made under the certificates and trust of now.</summary>
    public bool IsCurrent(DialedFor dialedFor) => dialedFor.TlsGeneration == _dialer.TlsGeneration;

    /// <summary>A bug let an exception out.</summary>
    public void Unhandled(Exception exception) => _loop.Unhandled?.Invoke(exception);

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
        if (!IsArmed && !IsRetired)
        {
            _loop.Timers.Arm(this, _loop.Millis + SweepMillis);
        }
    }

    protected internal override void Fire()
    {
        var isIdle = false;
        foreach (var (key, pool) in _endpoints)
        {
            pool.Http1.Sweep();
            pool.Http2.Sweep();
            isIdle |= pool.HasIdle;
            if (key.Endpoint.IsRemoved && pool.IsEmpty)
            {
                _empty.Add(key);
            }
        }

        foreach (var key in _empty)
        {
            _recent = null;
            _endpoints.Remove(key);
        }

        _empty.Clear();
        if (isIdle)
        {
            SweepLater();
        }
    }

    private DialedFor For(ProxiedClient client) => new(_dialer.TlsGeneration, _config.ProxyHeader == ProxyHeaderVersion.None ? default : client);

    // Woken requests may look for pools: those that are there now, first.
    private void WakeOnLoop(ConnectionQueue queue)
    {
        foreach (var pool in _endpoints.Values.Where(pool => pool.Breaker.Queue == queue && pool.Waiting > 0).ToArray())
        {
            pool.WakeFirst();
        }
    }

    private EndpointPool PoolOf(Endpoint endpoint, RoutePriority priority)
    {
        if (ReferenceEquals(endpoint, _recent?.Endpoint) && _recent!.Breaker.Priority == priority)
        {
            return _recent!;
        }

        if (!_endpoints.TryGetValue((endpoint, priority), out var pool))
        {
            _endpoints[(endpoint, priority)] = pool = new EndpointPool(this, _breakers[priority], _loop, endpoint, _config, _dialer, _metrics);

            // Where endpoints come, others have gone: their pools are forgotten, also those that hold nothing.
            SweepLater();
        }

        return _recent = pool;
    }
}
