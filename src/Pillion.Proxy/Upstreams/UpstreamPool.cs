using System.Runtime.CompilerServices;
using Pillion.Core.Resilience;
using Pillion.Core.Signals.Metrics;
using Pillion.Net.Http;
using Pillion.Net.Http.Http1;
using Pillion.Net.Loop;
using Pillion.Net.Sockets;
using Pillion.Proxy.Clusters;
using Pillion.Proxy.Configuration;

namespace Pillion.Proxy.Upstreams;

/// <summary>A connection to use, or why there is none.</summary>
internal readonly record struct Lease(UpstreamConnection? Connection, Failure Failure);

/// <summary>
/// The connections of one cluster on one loop, by endpoint. An <see cref="Endpoint"/> belongs to one cluster, whose transport settings are
/// part of it, so the endpoint is the whole peer identity: a connection can never be used for another peer or another trust.
/// The most recently used connection goes first, so that the rest can grow old and be closed.
/// </summary>
internal sealed class UpstreamPool : TimerNode
{
    private const int SweepMillis = 1000;

    private readonly EventLoop _loop;
    private readonly Network _network;
    private readonly ClusterConfig _config;
    private readonly ClusterMetrics _metrics;
    private readonly Dictionary<Endpoint, EndpointPool> _endpoints = [];
    private readonly List<Endpoint> _empty = [];
    private Endpoint? _recent;
    private EndpointPool? _recentPool;
    private int _idle;
    private bool _retired;

    public UpstreamPool(EventLoop loop, Network network, ClusterConfig config, ClusterMetrics metrics)
    {
        _loop = loop;
        _network = network;
        _config = config;
        _metrics = metrics;
    }

    /// <summary>Idle connections now.</summary>
    public int IdleCount => _idle;

    /// <summary>An idle connection, or a new one.</summary>
    /// <param name="deadline">The request's own; the cluster's connect time-out bounds the handshake too.</param>
    /// <param name="isTunnel">The connection will carry bytes that are no HTTP: it must be a new one.</param>
    public ValueTask<Lease> RentAsync(Endpoint endpoint, Deadline deadline, bool isTunnel, CancellationToken cancellationToken)
    {
        var pool = PoolOf(endpoint);
        while (!isTunnel && pool.Idle.TryPop(out var connection))
        {
            _idle--;
            connection.Stream.ClosedByPeer = null;
            // What an upstream says unasked must never be taken for the answer to the next request.
            if (!connection.Stream.IsClosed && !connection.Stream.HasUnread && _loop.Millis - connection.IdleSince <= pool.Limit.At(_loop.Millis))
            {
                return new ValueTask<Lease>(new Lease(connection, default));
            }

            Destroy(connection);
        }

        return ConnectAsync(endpoint, deadline, cancellationToken);
    }

    /// <summary>Takes a connection back after its exchange: it is pooled when it can carry another, else closed.</summary>
    public void Return(UpstreamConnection connection)
    {
        var limit = _config.MaxRequestsPerConnection;
        if (_retired || connection.Endpoint.IsRemoved || !connection.Stream.IsReusable || (limit > 0 && connection.Stream.Requests >= limit))
        {
            Destroy(connection);
            return;
        }

        connection.IdleSince = _loop.Millis;
        connection.Stream.ClosedByPeer = connection.OnClosedByPeer;
        PoolOf(connection.Endpoint).Idle.Push(connection);
        _idle++;
        if (!IsArmed)
        {
            _loop.Timers.Arm(this, _loop.Millis + SweepMillis);
        }
    }

    /// <summary>Closes a connection that must not be used again.</summary>
    public void Destroy(UpstreamConnection connection)
    {
        if (connection.Stream.IsPeerClosed)
        {
            _metrics.ConnectionsDestroyedRemote++;
        }
        else
        {
            _metrics.ConnectionsDestroyedLocal++;
        }

        connection.Stream.ClosedByPeer = null;
        connection.Stream.Dispose();
        _metrics.ConnectionsActive--;
        _metrics.ConnectionsDestroyed++;
    }

    /// <summary>The upstream announced how long it keeps idle connections (Keep-Alive: timeout=N).</summary>
    public void KeepAliveAnnounced(Endpoint endpoint, long seconds) => PoolOf(endpoint).Limit.Announced(seconds, _loop.Millis);

    /// <summary>Closes what is idle now and everything else when it comes back: the cluster is gone or was replaced.</summary>
    public void Retire()
    {
        _retired = true;
        _loop.Timers.Cancel(this);
        foreach (var pool in _endpoints.Values)
        {
            while (pool.Idle.TryPop(out var connection))
            {
                _idle--;
                Destroy(connection);
            }
        }
    }

    protected internal override void Fire()
    {
        foreach (var (endpoint, pool) in _endpoints)
        {
            Sweep(endpoint, pool);
        }

        foreach (var endpoint in _empty)
        {
            _recent = null;
            _endpoints.Remove(endpoint);
        }

        _empty.Clear();
        if (_idle > 0)
        {
            _loop.Timers.Arm(this, _loop.Millis + SweepMillis);
        }
    }

    internal void ClosedWhileIdle(UpstreamConnection connection)
    {
        var pool = PoolOf(connection.Endpoint);
        pool.Limit.ClosedAfter(_loop.Millis - connection.IdleSince, _loop.Millis);
        if (pool.Idle.Remove(connection))
        {
            _idle--;
            Destroy(connection);
        }
    }

    private void Sweep(Endpoint endpoint, EndpointPool pool)
    {
        // The oldest are at the bottom.
        while (pool.Idle.TryPeekOldest(out var oldest) && (endpoint.IsRemoved || _loop.Millis - oldest.IdleSince > pool.Limit.At(_loop.Millis)))
        {
            pool.Idle.Remove(oldest);
            _idle--;
            _metrics.ConnectionsIdleTimeout += endpoint.IsRemoved ? 0 : 1;
            Destroy(oldest);
        }

        if (endpoint.IsRemoved && pool.Idle.Count == 0)
        {
            _empty.Add(endpoint);
        }
    }

    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    private async ValueTask<Lease> ConnectAsync(Endpoint endpoint, Deadline deadline, CancellationToken cancellationToken)
    {
        if (endpoint.SocketAddress is not { } address)
        {
            return new Lease(null, new Failure(FailureSide.Upstream, FailureKind.NameNotResolved));
        }

        _metrics.ConnectionsTotal++;
        _metrics.PendingTotal++;
        _metrics.PendingActive++;
        var started = _loop.MicrosNow;
        var limit = Deadline.After(_loop, _config.ConnectTimeout);
        var result = await _network.ConnectAsync(_loop, address, limit.Or(deadline), cancellationToken);
        _metrics.PendingActive--;
        _metrics.Cancelled += result.Error == IoError.Cancelled ? 1 : 0;
        if (result.Connection is null)
        {
            var kind = result.Error switch
            {
                IoError.Refused => FailureKind.ConnectRefused,
                IoError.TimedOut => FailureKind.ConnectTimeout,
                _ => FailureKind.ConnectFailed,
            };
            return new Lease(null, new Failure(FailureSide.Upstream, kind, Cause: result.Describe()));
        }

        _metrics.ConnectionsActive++;
        _metrics.ConnectDuration.Record(_loop.MicrosNow - started);
        return new Lease(new UpstreamConnection(this, endpoint, new Http1ClientStream(result.Connection, HttpRules.Default)), default);
    }

    private EndpointPool PoolOf(Endpoint endpoint)
    {
        if (ReferenceEquals(endpoint, _recent))
        {
            return _recentPool!;
        }

        if (!_endpoints.TryGetValue(endpoint, out var pool))
        {
            _endpoints[endpoint] = pool = new EndpointPool(new IdleLimit(_config.IdleTimeout));
        }

        _recent = endpoint;
        _recentPool = pool;
        return pool;
    }

    private sealed class EndpointPool(IdleLimit limit)
    {
        public IdleStack Idle { get; } = new();

        public IdleLimit Limit { get; } = limit;
    }
}
