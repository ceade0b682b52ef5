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
    private readonly EventLoop _loop;
    private readonly ClusterConfig _config;
    private readonly ClusterMetrics _metrics;
    private readonly UpstreamDialer _dialer;
    private readonly Queue<PendingIo> _waiting = new();
    private readonly Stack<PendingIo> _waits = new();
    private HttpProtocol _learnt = HttpProtocol.Auto;
    private bool _isDialing;
    private Failure _dialFailure;

    public EndpointPool(UpstreamPool owner, EventLoop loop, Endpoint endpoint, ClusterConfig config, UpstreamDialer dialer, ClusterMetrics metrics)
    {
        _owner = owner;
        _loop = loop;
        _config = config;
        _dialer = dialer;
        _metrics = metrics;
        Endpoint = endpoint;
        Http1 = new Http1Pool(owner, loop, endpoint, config, metrics);
        Http2 = new Http2Pool(owner, loop, endpoint, config, metrics);
    }

    public Endpoint Endpoint { get; }

    public Http1Pool Http1 { get; }

    public Http2Pool Http2 { get; }

    public bool IsEmpty => Http1.IdleCount == 0 && Http2.Count == 0 && !_isDialing && _waiting.Count == 0;

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
                if (!_isDialing)
                {
                    _isDialing = true;
                    _ = DialSharedAsync(wanted);
                }

                if (_isDialing)
                {
                    var wait = _waits.TryPop(out var used) ? used : new PendingIo(_loop);
                    _waiting.Enqueue(wait);
                    var result = await wait.Wait(deadline, cancellationToken);
                    if (!result.IsOk)
                    {
                        _metrics.Cancelled += result.Error == IoError.Cancelled ? 1 : 0;
                        return new Lease(null, _dialFailure.IsFailure && result.Error == IoError.Other
                            ? _dialFailure
                            : new Failure(FailureSide.Upstream, result.Error == IoError.TimedOut ? FailureKind.ConnectTimeout : FailureKind.ConnectFailed, Cause: result.Describe()));
                    }
                }
                else if (_dialFailure.IsFailure)
                {
                    // It failed at once.
                    return new Lease(null, _dialFailure);
                }

                if (Http2.TryOpen(wanted, demand.IsUpgrade) is { } lease)
                {
                    return new Lease(lease, default);
                }

                if (_learnt == HttpProtocol.Http1 && _config.Protocol == HttpProtocol.Auto)
                {
                    return Http1.TryTake(wanted) is { } connection ? new Lease(connection, default) : await ConnectAsync(wanted, HttpProtocol.Http1, deadline, cancellationToken);
                }

                // What it offers is known once its SETTINGS are here.
                if (demand.IsUpgrade && !await Http2.LearnUpgradesAsync(wanted))
                {
                    return new Lease(null, new Failure(FailureSide.Upstream, FailureKind.ProtocolError, Cause: "it speaks HTTP/2 and does not offer upgrades on it (RFC 8441)"));
                }
            }
        }
        finally
        {
            _metrics.PendingActive--;
        }
    }

    [AsyncMethodBuilder(typeof(PooledMethodBuilder))]
    private async ValueTask DialSharedAsync(DialedFor wanted)
    {
        _dialFailure = default;
        var dialed = await _dialer.DialAsync(Endpoint, wanted.Client, _config.Protocol == HttpProtocol.Auto ? HttpProtocol.Auto : HttpProtocol.Http2, default, default);
        _isDialing = false;
        if (dialed.Connection is not { } connection)
        {
            _dialFailure = dialed.Failure;
            Wake(IoResult.Fail(IoError.Other));
            return;
        }

        if (_owner.IsRetired && _waiting.Count == 0)
        {
            _owner.CountClosed(byPeer: false);
            connection.Close();
            return;
        }

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

        Wake(IoResult.Done(1));
    }

    private void Wake(IoResult result)
    {
        // Those of now: who finds no room waits again, behind the next connection.
        for (var left = _waiting.Count; left > 0; left--)
        {
            var wait = _waiting.Dequeue();
            wait.Complete(result);
            _waits.Push(wait);
        }
    }
}
