using System.Runtime.CompilerServices;
using Pillion.Core.Resilience;
using Pillion.Core.Signals.Metrics;
using Pillion.Net.Loop;
using Pillion.Net.Sockets;
using Pillion.Proxy.Clusters;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Upstreams.Circuits;

namespace Pillion.Proxy.Upstreams;

/// <summary>
/// The connections to one endpoint for requests of one priority on one loop, of both versions of HTTP; which one it speaks is configured, or learnt from
/// ALPN. Here is asked whether the cluster's limits let a request wait, a connection be made and a request be sent.
/// </summary>
internal sealed class EndpointPool
{
    // So many requests in a row get the connections that become free here while requests for other endpoints or on other loops wait: to close one for each
    // of those would cost a handshake per request.
    private const int MaxHandedOn = 16;

    private readonly UpstreamPool _owner;
    private readonly EventLoop _loop;
    private readonly ClusterConfig _config;
    private readonly ClusterMetrics _metrics;
    private readonly UpstreamDialer _dialer;
    private readonly CircuitLimits _limits;
    private readonly CircuitLimit? _connections;

    // For a connection that is being made, and for leave to make one.
    private readonly SharedWaits _waits;
    private readonly SharedWaits _queue;
    private HttpProtocol _learnt = HttpProtocol.Auto;
    private bool _isDialing;
    private int _handedOn;

    public EndpointPool(UpstreamPool owner, CircuitBreaker breaker, EventLoop loop, Endpoint endpoint, ClusterConfig config, UpstreamDialer dialer, ClusterMetrics metrics)
    {
        _owner = owner;
        _loop = loop;
        _waits = new SharedWaits(loop);
        _queue = new SharedWaits(loop);
        _config = config;
        _dialer = dialer;
        _metrics = metrics;
        Breaker = breaker;
        _limits = breaker.Limits;
        _connections = breaker.ConnectionsTo(endpoint);
        Endpoint = endpoint;
        Http1 = new Http1Pool(owner, this, loop, endpoint, config, metrics);
        Http2 = new Http2Pool(owner, this, loop, endpoint, config, metrics) { UpgradesLearnt = () => _waits.Wake(default) };
    }

    public Endpoint Endpoint { get; }

    public CircuitBreaker Breaker { get; }

    public Http1Pool Http1 { get; }

    public Http2Pool Http2 { get; }

    /// <summary>Requests that wait because there may be no more connections.</summary>
    public int Waiting => _queue.Count;

    public bool IsEmpty => Http1.IdleCount == 0 && Http2.Count == 0 && !_isDialing && _waits.Count == 0 && _queue.Count == 0;

    /// <summary>There is something that will be too old at some time.</summary>
    public bool HasIdle => Http1.IdleCount > 0 || Http2.Count > 0;

    public ValueTask<Lease> RentAsync(UpstreamDemand demand, DialedFor wanted, Deadline deadline, CancellationToken cancellationToken)
    {
        if (!demand.IsCheck && _limits.Requests.IsOpen)
        {
            return new(Refuse(_limits.Requests));
        }

        if (demand.IsTunnel)
        {
            return ConnectAsync(demand, wanted, speaks: null, deadline, cancellationToken);
        }

        if (demand.IsForOne)
        {
            return ConnectAsync(demand, wanted, HttpProtocol.Http1, deadline, cancellationToken);
        }

        var protocol = ProtocolFor(demand);
        if (protocol != HttpProtocol.Http2 && Http1.TryTake(wanted) is { } connection)
        {
            return new(Admit(connection, demand));
        }

        if (protocol != HttpProtocol.Http1 && Http2.TryOpen(wanted, demand.IsUpgrade) is { } lease)
        {
            return new(Admit(lease, demand));
        }

        return protocol == HttpProtocol.Http1 ? ConnectAsync(demand, wanted, HttpProtocol.Http1, deadline, cancellationToken) : ShareAsync(demand, wanted, deadline, cancellationToken);
    }

    /// <summary>A connection that no pool keeps: bytes that are no HTTP. It waits for nothing but the endpoint; <see cref="Closed"/> ends it.</summary>
    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    public async ValueTask<Dialed> DialAsync(ProxiedClient client, CancellationToken cancellationToken)
    {
        if (!_limits.Pending.TryBegin())
        {
            return new(null, _limits.Pending.Reached, _limits.Pending);
        }

        try
        {
            if (!TryReserve(isCheck: false))
            {
                _metrics.ConnectionsOverflow++;
                return new(null, ReachedConnections.Reached, ReachedConnections);
            }

            return await DialReservedAsync(client, speaks: null, default, cancellationToken);
        }
        finally
        {
            _limits.Pending.End();
        }
    }

    /// <summary>A connection has ended: another may be made.</summary>
    public void Closed(bool byPeer)
    {
        _owner.CountClosed(byPeer);
        Release();
    }

    /// <summary>A connection, or a stream of one, can be used by somebody else.</summary>
    public void ConnectionFreed()
    {
        Breaker.Queue.EndFailFast();
        if (_queue.Count > 0)
        {
            // Behind what gave it back: that has not quite let go of it.
            _loop.Defer(static queue => ((SharedWaits)queue!).WakeFirst(), _queue);
        }
    }

    /// <summary>A connection that became free here is to be closed, since requests for other endpoints or on other loops wait for leave to make one.</summary>
    public bool IsWantedElsewhere()
    {
        if (Breaker.Queue.Count <= _queue.Count)
        {
            return false;
        }

        if (_queue.Count > 0 && ++_handedOn <= MaxHandedOn)
        {
            return false;
        }

        _handedOn = 0;
        return true;
    }

    /// <summary>Closes an idle connection; false where there is none or somebody waits for it.</summary>
    public bool CloseOneIdle() => _queue.Count == 0 && (Http1.CloseOldest() || Http2.CloseOneIdle());

    public void WakeFirst() => _queue.WakeFirst();

    private CircuitLimit ReachedConnections => _connections is { IsOpen: true } ? _connections : _limits.Connections;

    private HttpProtocol ProtocolFor(UpstreamDemand demand) => _config.Protocol switch
    {
        HttpProtocol.AsDownstream => demand.Version == 20 ? HttpProtocol.Http2 : HttpProtocol.Http1,
        // Without TLS there is no ALPN to settle it.
        HttpProtocol.Auto when _config.Tls is null => HttpProtocol.Http1,
        HttpProtocol.Auto => _learnt,
        var configured => configured,
    };

    // A connection for this request alone.
    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    private async ValueTask<Lease> ConnectAsync(UpstreamDemand demand, DialedFor wanted, HttpProtocol? speaks, Deadline deadline, CancellationToken cancellationToken)
    {
        if (!demand.IsCheck && !_limits.Pending.TryBegin())
        {
            return Refuse(_limits.Pending);
        }

        PendingBegins();
        try
        {
            return await ConnectPendingAsync(demand, wanted, speaks, deadline, cancellationToken);
        }
        finally
        {
            PendingEnds(demand);
        }
    }

    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    private async ValueTask<Lease> ConnectPendingAsync(UpstreamDemand demand, DialedFor wanted, HttpProtocol? speaks, Deadline deadline, CancellationToken cancellationToken)
    {
        if (!TryReserve(demand.IsCheck))
        {
            var lease = await QueueAsync(demand, wanted, speaks, deadline, cancellationToken);
            if (lease.Upstream is not null || lease.Failure.IsFailure)
            {
                return lease;
            }
        }

        var dialed = await DialReservedAsync(wanted.Client, speaks, deadline, cancellationToken);
        if (dialed.Connection is null)
        {
            _metrics.Cancelled += cancellationToken.IsCancellationRequested ? 1 : 0;

            // What it speaks may have changed: the next one offers both again.
            _learnt = HttpProtocol.Auto;
            return new Lease(null, dialed.Failure);
        }

        return Admit(Http1.Add(dialed.Connection, wanted), demand);
    }

    // Requests that find no connection with room wait for one and the same that is being made; it goes on when whoever asked first has left.
    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    private async ValueTask<Lease> ShareAsync(UpstreamDemand demand, DialedFor wanted, Deadline deadline, CancellationToken cancellationToken)
    {
        if (!demand.IsCheck && !_limits.Pending.TryBegin())
        {
            return Refuse(_limits.Pending);
        }

        PendingBegins();
        try
        {
            while (true)
            {
                // What a connection that is there offers is known once its SETTINGS are here; another one would offer the same.
                var isLearning = false;
                if (demand.IsUpgrade && Http2.LearnUpgrades(wanted, out isLearning) is false)
                {
                    return _config.Protocol == HttpProtocol.Auto
                        ? await ConnectPendingAsync(demand, wanted, HttpProtocol.Http1, deadline, cancellationToken)
                        : new Lease(null, new Failure(FailureSide.Upstream, FailureKind.ProtocolError, Cause: "it speaks HTTP/2 and does not offer upgrades on it (RFC 8441)"));
                }

                if (!isLearning && !_isDialing)
                {
                    if (!TryReserve(demand.IsCheck))
                    {
                        var queued = await QueueAsync(demand, wanted, _config.Protocol == HttpProtocol.Auto ? HttpProtocol.Auto : HttpProtocol.Http2, deadline, cancellationToken);
                        if (queued.Upstream is not null || queued.Failure.IsFailure)
                        {
                            return queued;
                        }
                    }

                    if (_isDialing)
                    {
                        // Somebody else was let through meanwhile, whose connection will do.
                        Release();
                    }
                    else
                    {
                        var dial = DialSharedAsync(wanted);
                        if (dial.IsCompleted && dial.Result is { IsFailure: true } failure)
                        {
                            return new Lease(null, failure);
                        }
                    }
                }

                if (isLearning || _isDialing)
                {
                    var (result, failure) = await _waits.WaitAsync(deadline, cancellationToken);
                    if (!result.IsOk)
                    {
                        failure = NotInTime(result);
                    }

                    if (failure.IsFailure)
                    {
                        return new Lease(null, failure);
                    }
                }

                if (Http2.TryOpen(wanted, demand.IsUpgrade) is { } lease)
                {
                    return Admit(lease, demand);
                }

                if (_learnt == HttpProtocol.Http1 && _config.Protocol == HttpProtocol.Auto)
                {
                    return Http1.TryTake(wanted) is { } connection ? Admit(connection, demand) : await ConnectPendingAsync(demand, wanted, HttpProtocol.Http1, deadline, cancellationToken);
                }
            }
        }
        finally
        {
            PendingEnds(demand);
        }
    }

    // There may be no more connections: waits until one becomes free, or one may be made. A lease of neither stream nor failure means that it may be made, and is counted.
    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    private async ValueTask<Lease> QueueAsync(UpstreamDemand demand, DialedFor wanted, HttpProtocol? speaks, Deadline deadline, CancellationToken cancellationToken)
    {
        var queue = Breaker.Queue;
        var reached = ReachedConnections;
        _metrics.ConnectionsOverflow++;
        if (queue.IsFailingFast)
        {
            return new Lease(null, queue.FailingFast(reached), reached);
        }

        var served = queue.Served;
        var longest = Deadline.After(_loop, queue.Timeout);
        var wasWoken = false;
        queue.Enter();
        _owner.WaitBegins();
        try
        {
            queue.AskForIdle(_owner, Breaker);
            while (true)
            {
                if (speaks is HttpProtocol.Http1 or HttpProtocol.Auto && Http1.TryTake(wanted) is { } connection)
                {
                    queue.ServedOne();
                    return Admit(connection, demand);
                }

                if (speaks is HttpProtocol.Http2 or HttpProtocol.Auto && Http2.TryOpen(wanted, demand.IsUpgrade) is { } stream)
                {
                    queue.ServedOne();
                    return Admit(stream, demand);
                }

                if (TryReserve(isCheck: false))
                {
                    queue.ServedOne();
                    return default;
                }

                var (result, _) = await _queue.WaitAsync(longest.Or(deadline), cancellationToken, atFront: wasWoken);
                wasWoken = true;
                if (result.Error == IoError.TimedOut && longest.HasPassed(_loop))
                {
                    queue.WaitedInVain(served);
                    _metrics.QueueTimeouts++;
                    return new Lease(null, queue.TimedOut(reached), reached);
                }

                if (!result.IsOk)
                {
                    return new Lease(null, NotInTime(result));
                }
            }
        }
        finally
        {
            _owner.WaitEnds();
            queue.Leave();
        }
    }

    // Bounded by the cluster's connect time-out alone: it belongs to nobody. Those who wait are told; the result is for who began it, should it end at once.
    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    private async ValueTask<Failure> DialSharedAsync(DialedFor wanted)
    {
        _isDialing = true;
        Dialed dialed;
        try
        {
            dialed = await DialReservedAsync(wanted.Client, _config.Protocol == HttpProtocol.Auto ? HttpProtocol.Auto : HttpProtocol.Http2, default, default);
        }
        catch (Exception exception)
        {
            // A bug of ours; whoever waits must not wait for ever.
            dialed = new Dialed(null, new Failure(FailureSide.Local, FailureKind.Internal, Cause: exception.GetType().Name));
            _owner.Unhandled(exception);
        }

        _isDialing = false;
        if (dialed.Connection is { } connection)
        {
            var isHttp2 = _config.Protocol != HttpProtocol.Auto || connection.Tls?.ApplicationProtocol == "h2";
            _learnt = isHttp2 ? HttpProtocol.Http2 : HttpProtocol.Http1;
            if (isHttp2)
            {
                Http2.Add(connection, wanted);
            }
            else
            {
                Http1.Keep(Http1.Add(connection, wanted));
            }
        }

        _waits.Wake(dialed.Failure);

        // Those that wait for leave to make one may find room on this one; a failure is not theirs.
        _queue.Wake(default);
        if (_owner.IsRetired)
        {
            // Whoever waited has a stream now; what nobody took is not kept.
            Http1.CloseIdle();
            Http2.CloseIdle();
        }

        return dialed.Failure;
    }

    // What was reserved is given back where no connection comes of it.
    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    private async ValueTask<Dialed> DialReservedAsync(ProxiedClient client, HttpProtocol? speaks, Deadline deadline, CancellationToken cancellationToken)
    {
        Dialed dialed = default;
        try
        {
            dialed = await _dialer.DialAsync(Endpoint, client, speaks, deadline, cancellationToken);
        }
        finally
        {
            if (dialed.Connection is null)
            {
                Release();
            }
        }

        return dialed;
    }

    // The last of the limits: of requests that are sent.
    private Lease Admit(UpstreamStream stream, UpstreamDemand demand)
    {
        if (demand.IsCheck)
        {
            return new Lease(stream, default);
        }

        if (!_limits.Requests.TryBegin())
        {
            stream.Return();
            return Refuse(_limits.Requests);
        }

        stream.Place = _limits.Requests;
        return new Lease(stream, default);
    }

    private static Lease Refuse(CircuitLimit limit) => new(null, limit.Reached, limit);

    private bool TryReserve(bool isCheck)
    {
        if (isCheck)
        {
            _connections?.Begin();
            _limits.Connections.Begin();
            return true;
        }

        if (_connections is not null && !_connections.TryBegin())
        {
            return false;
        }

        if (_limits.Connections.TryBegin())
        {
            return true;
        }

        _connections?.End();
        return false;
    }

    private void Release()
    {
        _limits.Connections.End();
        _connections?.End();
        Breaker.Queue.Freed();
    }

    private void PendingBegins()
    {
        _metrics.PendingTotal++;
        _metrics.PendingActive++;
    }

    private void PendingEnds(UpstreamDemand demand)
    {
        _metrics.PendingActive--;
        if (!demand.IsCheck)
        {
            _limits.Pending.End();
        }
    }

    private Failure NotInTime(IoResult result)
    {
        _metrics.Cancelled += result.Error == IoError.Cancelled ? 1 : 0;
        return new Failure(FailureSide.Upstream, result.Error == IoError.TimedOut ? FailureKind.ConnectTimeout : FailureKind.ConnectFailed, Cause: result.Describe());
    }
}
