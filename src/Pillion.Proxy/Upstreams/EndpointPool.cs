using System.Runtime.CompilerServices;
using Pillion.Core.Resilience;
using Pillion.Core.Signals.Metrics;
using Pillion.Net.Loop;
using Pillion.Net.Sockets;
using Pillion.Proxy.Clusters;
using Pillion.Proxy.Configuration;

namespace Pillion.Proxy.Upstreams;

/// <summary>The connections to one endpoint on one loop, of both versions of HTTP; which one it speaks is configured, or learnt from ALPN.</summary>
internal sealed class EndpointPool
{
    private readonly UpstreamPool _owner;
    private readonly ClusterConfig _config;
    private readonly ClusterMetrics _metrics;
    private readonly UpstreamDialer _dialer;
    private readonly SharedWaits _waits;
    private HttpProtocol _learnt = HttpProtocol.Auto;
    private bool _isDialing;

    public EndpointPool(UpstreamPool owner, EventLoop loop, Endpoint endpoint, ClusterConfig config, UpstreamDialer dialer, ClusterMetrics metrics)
    {
        _owner = owner;
        _waits = new SharedWaits(loop);
        _config = config;
        _dialer = dialer;
        _metrics = metrics;
        Endpoint = endpoint;
        Http1 = new Http1Pool(owner, loop, endpoint, config, metrics);
        Http2 = new Http2Pool(owner, loop, endpoint, config, metrics) { UpgradesLearnt = () => _waits.Wake(default) };
    }

    public Endpoint Endpoint { get; }

    public Http1Pool Http1 { get; }

    public Http2Pool Http2 { get; }

    public bool IsEmpty => Http1.IdleCount == 0 && Http2.Count == 0 && !_isDialing && _waits.Count == 0;

    /// <summary>There is something that will be too old at some time.</summary>
    public bool HasIdle => Http1.IdleCount > 0 || Http2.Count > 0;

    public ValueTask<Lease> RentAsync(UpstreamDemand demand, DialedFor wanted, Deadline deadline, CancellationToken cancellationToken)
    {
        if (demand.IsTunnel)
        {
            return ConnectAsync(wanted, speaks: null, deadline, cancellationToken);
        }

        var protocol = ProtocolFor(demand);
        if (protocol != HttpProtocol.Http2 && Http1.TryTake(wanted) is { } connection)
        {
            return new ValueTask<Lease>(new Lease(connection, default));
        }

        if (protocol != HttpProtocol.Http1 && Http2.TryOpen(wanted, demand.IsUpgrade) is { } lease)
        {
            return new ValueTask<Lease>(new Lease(lease, default));
        }

        return protocol == HttpProtocol.Http1 ? ConnectAsync(wanted, HttpProtocol.Http1, deadline, cancellationToken) : ShareAsync(demand, wanted, deadline, cancellationToken);
    }

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
    private async ValueTask<Lease> ConnectAsync(DialedFor wanted, HttpProtocol? speaks, Deadline deadline, CancellationToken cancellationToken)
    {
        _metrics.PendingTotal++;
        _metrics.PendingActive++;
        var dialed = await _dialer.DialAsync(Endpoint, wanted.Client, speaks, deadline, cancellationToken);
        _metrics.PendingActive--;
        if (dialed.Connection is null)
        {
            _metrics.Cancelled += cancellationToken.IsCancellationRequested ? 1 : 0;

            // What it speaks may have changed: the next one offers both again.
            _learnt = HttpProtocol.Auto;
            return new Lease(null, dialed.Failure);
        }

        return new Lease(Http1.Add(dialed.Connection, wanted), default);
    }

    // Requests that find no connection with room wait for one and the same that is being made; it goes on when whoever asked first has left.
    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    private async ValueTask<Lease> ShareAsync(UpstreamDemand demand, DialedFor wanted, Deadline deadline, CancellationToken cancellationToken)
    {
        _metrics.PendingTotal++;
        _metrics.PendingActive++;
        try
        {
            while (true)
            {
                // What a connection that is there offers is known once its SETTINGS are here; another one would offer the same.
                var isLearning = false;
                if (demand.IsUpgrade && Http2.LearnUpgrades(wanted, out isLearning) is false)
                {
                    return _config.Protocol == HttpProtocol.Auto
                        ? await ConnectAsync(wanted, HttpProtocol.Http1, deadline, cancellationToken)
                        : new Lease(null, new Failure(FailureSide.Upstream, FailureKind.ProtocolError, Cause: "it speaks HTTP/2 and does not offer upgrades on it (RFC 8441)"));
                }

                if (!isLearning && !_isDialing)
                {
                    var dial = DialSharedAsync(wanted);
                    if (dial.IsCompleted && dial.Result is { IsFailure: true } failure)
                    {
                        return new Lease(null, failure);
                    }
                }

                if (isLearning || _isDialing)
                {
                    var (result, failure) = await _waits.WaitAsync(deadline, cancellationToken);
                    if (!result.IsOk)
                    {
                        _metrics.Cancelled += result.Error == IoError.Cancelled ? 1 : 0;
                        failure = new Failure(FailureSide.Upstream, result.Error == IoError.TimedOut ? FailureKind.ConnectTimeout : FailureKind.ConnectFailed, Cause: result.Describe());
                    }

                    if (failure.IsFailure)
                    {
                        return new Lease(null, failure);
                    }
                }

                if (Http2.TryOpen(wanted, demand.IsUpgrade) is { } lease)
                {
                    return new Lease(lease, default);
                }

                if (_learnt == HttpProtocol.Http1 && _config.Protocol == HttpProtocol.Auto)
                {
                    return Http1.TryTake(wanted) is { } connection ? new Lease(connection, default) : await ConnectAsync(wanted, HttpProtocol.Http1, deadline, cancellationToken);
                }
            }
        }
        finally
        {
            _metrics.PendingActive--;
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
            dialed = await _dialer.DialAsync(Endpoint, wanted.Client, _config.Protocol == HttpProtocol.Auto ? HttpProtocol.Auto : HttpProtocol.Http2, default, default);
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
        if (_owner.IsRetired)
        {
            // Whoever waited has a stream now; what nobody took is not kept.
            Http1.CloseIdle();
            Http2.CloseIdle();
        }

        return dialed.Failure;
    }
}
