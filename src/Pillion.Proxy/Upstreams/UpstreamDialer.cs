using System.Runtime.CompilerServices;
using Pillion.Core.Resilience;
using Pillion.Core.Signals.Metrics;
using Pillion.Net;
using Pillion.Net.Loop;
using Pillion.Net.Sockets;
using Pillion.Net.Tls;
using Pillion.Proxy.Clusters;
using Pillion.Proxy.Configuration;

namespace Pillion.Proxy.Upstreams;

/// <summary>A connection on which the cluster's transport is ready, or why there is none.</summary>
internal readonly record struct Dialed(Connection? Connection, Failure Failure);

/// <summary>Makes connections to the endpoints of one cluster on one loop: TCP, the PROXY header, TLS. Nothing of a request has been sent when it fails.</summary>
internal sealed class UpstreamDialer(EventLoop loop, Network network, ClusterConfig config, ClusterMetrics metrics)
{
    /// <param name="deadline">The request's own; the cluster's connect time-out bounds the whole of it too.</param>
    /// <param name="client">Whom a PROXY header names.</param>
    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    public async ValueTask<Dialed> DialAsync(Endpoint endpoint, PeerAddress client, Deadline deadline, CancellationToken cancellationToken)
    {
        if (endpoint.SocketAddress is not { } address)
        {
            return new(null, new Failure(FailureSide.Upstream, FailureKind.NameNotResolved));
        }

        metrics.ConnectionsTotal++;
        var started = loop.MicrosNow;
        var limit = Deadline.After(loop, config.ConnectTimeout).Or(deadline);
        var result = await network.ConnectAsync(loop, address, limit, cancellationToken);
        if (result.Connection is not { } connection)
        {
            return new(null, Failed(result.Error, result.Describe()));
        }

        metrics.ConnectionsActive++;
        metrics.ConnectDuration.Record(loop.MicrosNow - started);
        return new(connection, default);
    }

    private static Failure Failed(IoError error, string cause) => new(
        FailureSide.Upstream,
        error switch
        {
            IoError.Refused => FailureKind.ConnectRefused,
            IoError.TimedOut => FailureKind.ConnectTimeout,
            _ => FailureKind.ConnectFailed,
        },
        Cause: cause);
}
