using System.Runtime.CompilerServices;
using System.Text;
using Pillion.Core.Configuration;
using Pillion.Core.Resilience;
using Pillion.Core.Signals;
using Pillion.Core.Signals.Metrics;
using Pillion.Net.Loop;
using Pillion.Net.Sockets;
using Pillion.Proxy.Clusters;
using Pillion.Proxy.Clusters.Dns;
using Pillion.Proxy.Forwarding;
using Pillion.Proxy.Listeners;
using Pillion.Proxy.Upstreams;

namespace Pillion.Proxy.Tcp;

/// <summary>A client's connection whose bytes are passed on: choose a cluster, connect, relay, and last, always, say what happened.</summary>
/// <param name="wasSilent">The client had said nothing when it was taken: if its server speaks first, the next one need not wait.</param>
/// <param name="serverName">Of a TLS hello that goes on as it came; null where there is none.</param>
internal sealed class TcpConnection(ProxyLoop loop, LiveChain chain, Connection downstream, bool wasSilent, string? serverName = null) : IServedConnection
{
    private static readonly TimeSpan DrainLook = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan DrainPause = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource _cancel = new();
    private readonly long _startMicros = loop.Events.MicrosNow;
    private TcpRelay? _relay;
    private bool _isDraining;

    [AsyncMethodBuilder(typeof(PooledMethodBuilder))]
    public async ValueTask ServeAsync()
    {
        var (current, snapshot) = chain.PinChain();
        var tcp = current.Tcp!;
        var metrics = tcp.Metrics(loop);
        metrics.ConnectionsTotal++;
        metrics.ConnectionsActive++;
        var record = Begin(tcp);
        try
        {
            var name = record.Cluster = tcp.PickCluster(loop.Random);
            if (!IsAllowed(tcp, record))
            {
                metrics.NoRoute++;
            }
            else if (snapshot.Clusters.TryGetValue(name, out var cluster))
            {
                await ServeAsync(tcp, cluster, metrics, record);
            }
            else
            {
                metrics.NoRoute++;
                Fail(record, new Failure(FailureSide.Local, FailureKind.NoCluster));
            }
        }
        catch (Exception exception)
        {
            loop.Unhandled(exception);
            Fail(record, new Failure(FailureSide.Local, FailureKind.Internal, Cause: exception.GetType().Name));
        }

        _cancel.Cancel();
        downstream.Close();
        record.DurationMicros = loop.Events.MicrosNow - _startMicros;
        metrics.ConnectionsActive--;
        tcp.Logs.Write(loop.Index, record, null, null);
        loop.Ended(record, request: null, response: null);
        loop.Records.Publish(record);
    }

    public void CloseIfIdle()
    {
        if (!_isDraining)
        {
            _isDraining = true;
            _ = DrainAsync();
        }
    }

    public void CloseNow()
    {
        _cancel.Cancel();
        if (_relay is { } relay)
        {
            relay.Stop();
        }
        else
        {
            downstream.Abort();
        }
    }

    // Where a question ends cannot be told from outside. A pause behind what the upstream said is taken for one between two of them; one behind what
    // the client said may be a long wait for its answer, which has until the grace period ends.
    [AsyncMethodBuilder(typeof(PooledMethodBuilder))]
    private async ValueTask DrainAsync()
    {
        while (await loop.Events.DelayAsync(DrainLook, _cancel.Token))
        {
            if (_relay is { IsClientOwedAnswer: false } relay && relay.IsIdleFor(DrainPause))
            {
                relay.Stop();
                return;
            }
        }
    }

    [AsyncMethodBuilder(typeof(PooledMethodBuilder))]
    private async ValueTask ServeAsync(TcpSnapshot tcp, Cluster cluster, TcpMetrics metrics, RequestRecord record)
    {
        var upstreams = cluster.On(loop);
        var tried = new TriedEndpoints();
        for (var attempt = 1; ; attempt++)
        {
            string? lookupError = null;
            var endpoint =
                cluster.Hosts is { } hosts ? Take(await FindNamedHostAsync(hosts), out lookupError) :
                upstreams.Original is null ? upstreams.Pick(tried) : upstreams.FindOriginal(downstream.Local);
            if (endpoint is null)
            {
                metrics.NoRoute++;
                Fail(record, lookupError is null ? cluster.WhyNoEndpoint(loop, downstream.Local) : new Failure(FailureSide.Upstream, FailureKind.NameNotResolved, Cause: lookupError));
                return;
            }

            tried.Add(endpoint);
            record.UpstreamHost = endpoint.Text;
            var dialed = await ConnectAsync(upstreams, endpoint, record);
            if (dialed.Connection is { } upstream)
            {
                await RelayAsync(tcp, upstreams, endpoint, upstream, metrics, record);
                return;
            }

            if (attempt >= tcp.Config.MaxConnectAttempts || dialed.Reached is not null || _cancel.IsCancellationRequested || downstream.IsClosed)
            {
                Fail(record, dialed.Failure);
                return;
            }
        }
    }

    // Bytes say nothing of the host they are for, and a hello may; what it names is where they go, so that it cannot name one host and reach another.
    private bool IsAllowed(TcpSnapshot tcp, RequestRecord record)
    {
        if (tcp.AllowedHosts is not { } allowed)
        {
            return true;
        }

        var config = tcp.Config.AllowedHosts!;
        var host = serverName is null ? null : allowed.Find(Encoding.ASCII.GetBytes(serverName), downstream.Local.Port);
        record.AddVerdict(config.Kind.Name, host is null ? "denied" : "allowed", host?.Source ?? config.Source);
        if (host is null)
        {
            Fail(record, new Failure(FailureSide.Local, FailureKind.Denied, Cause: serverName is null
                ? $"it is no TLS that names a host, on the way to {downstream.Local}"
                : $"no entry covers {ConfigError.Quote($"{serverName}:{downstream.Local.Port}")}"));
        }

        return host is not null;
    }

    // A host that is not known yet is looked up off the loop; the await comes back to it.
    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    private async ValueTask<DynamicHost> FindNamedHostAsync(DynamicHosts hosts)
    {
        try
        {
            return await hosts.FindAsync(Encoding.ASCII.GetBytes(serverName ?? ""), downstream.Local.Port, _cancel.Token);
        }
        catch (OperationCanceledException)
        {
            return default;
        }
    }

    private static Endpoint? Take(DynamicHost host, out string? error)
    {
        error = host.Error;
        return host.Endpoint;
    }

    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    private async ValueTask<Dialed> ConnectAsync(ClusterLoop upstreams, Endpoint endpoint, RequestRecord record)
    {
        record.AddAttempt().StartMicros = loop.Events.MicrosNow - _startMicros;
        record.LastAttempt.Endpoint = endpoint.Text;
        var dialed = await upstreams.Pool.DialAsync(endpoint, new ProxiedClient(downstream.Remote, downstream.Local), _cancel.Token);
        ref var attempt = ref record.LastAttempt;
        attempt.DurationMicros = loop.Events.MicrosNow - _startMicros - attempt.StartMicros;
        attempt.Failure = dialed.Failure;
        if (dialed.Reached is { } limit)
        {
            record.AddVerdict("circuit_breaker", limit.Outcome, limit.Source);
        }

        if (dialed.Failure.IsFailure)
        {
            upstreams.Outliers?.Failed(endpoint, dialed.Failure);
            upstreams.Metrics.CountAttempt(attempt);
        }

        else
        {
            upstreams.Outliers?.Connected(endpoint);
        }

        return dialed;
    }

    [AsyncMethodBuilder(typeof(PooledMethodBuilder))]
    private async ValueTask RelayAsync(TcpSnapshot tcp, ClusterLoop upstreams, Endpoint endpoint, Connection upstream, TcpMetrics metrics, RequestRecord record)
    {
        record.UpstreamStartedMicros = loop.Events.MicrosNow - _startMicros;
        endpoint.RequestBegins();
        var counters = new TcpCounters(metrics, upstreams.Metrics);
        if (wasSilent)
        {
            var connectedMicros = loop.Events.MicrosNow;
            counters.FirstByte = isFromClient =>
            {
                if (!isFromClient)
                {
                    loop.ServersThatSpeakFirst.Remember(downstream.Local, TimeSpan.FromMicroseconds(loop.Events.MicrosNow - connectedMicros));
                }
            };
        }

        _relay = new TcpRelay(downstream, upstream, tcp.Limits, counters);
        try
        {
            await _relay.RunAsync();
        }
        finally
        {
            endpoint.RequestEnds();
            upstreams.Pool.Closed(endpoint, byPeer: _relay.Result.End is TcpEnd.UpstreamClosed or TcpEnd.ResetByUpstream);
        }

        var result = _relay.Result;
        record.BytesReceived = result.FromClient;
        record.BytesSent = result.ToClient;
        switch (result.End)
        {
            case TcpEnd.ResetByClient:
                Fail(record, new Failure(FailureSide.Downstream, FailureKind.ClientGone, Cause: result.Error.Describe()));
                break;
            case TcpEnd.ResetByUpstream or TcpEnd.SendFailed:
                Fail(record, new Failure(FailureSide.Upstream, FailureKind.ConnectionTerminated, SentAnything: true, Cause: result.Error.Describe()));
                break;
            case TcpEnd.IdleTimeout:
                Fail(record, new Failure(FailureSide.Upstream, FailureKind.IdleTimeout));
                break;
            case TcpEnd.MaxDuration:
                record.Flags |= ResponseFlags.DT;
                break;
        }
    }

    private RequestRecord Begin(TcpSnapshot tcp)
    {
        var record = loop.Records.Rent();
        record.StartedUtcTicks = loop.UtcTicks;
        record.Downstream = downstream.Remote;
        record.DownstreamLocal = downstream.Local;
        record.PeerIdentity = downstream.Tls is { Peer: { } peer } tls ? tls.PeerIdentity ?? peer.Subject : "";
        record.Listener = tcp.Listener;
        record.UpstreamIsApplication = tcp.Direction == Configuration.TrafficDirection.Inbound;
        record.RouteSource = tcp.Config.Source;
        return record;
    }

    private static void Fail(RequestRecord record, in Failure failure)
    {
        record.Failure = failure;
        record.Flags |= FailureTable.For(failure).Flags;
    }
}
