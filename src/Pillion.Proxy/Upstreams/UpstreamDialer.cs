using System.Runtime.CompilerServices;
using Pillion.Core.Resilience;
using Pillion.Core.Signals.Metrics;
using Pillion.Net.Detection;
using Pillion.Net.Loop;
using Pillion.Net.Sockets;
using Pillion.Net.Tls;
using Pillion.Proxy.Clusters;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Configuration.Transport;
using Pillion.Proxy.Transport;

namespace Pillion.Proxy.Upstreams;

/// <summary>A connection on which the cluster's transport is ready, or why there is none.</summary>
/// <param name="Reached">The limit that was reached, where the failure is that.</param>
internal readonly record struct Dialed(Connection? Connection, Failure Failure, CircuitLimit? Reached = null);

/// <summary>Makes connections to the endpoints of one cluster on one loop: TCP, the PROXY header, TLS. Nothing of a request has been sent when it fails.</summary>
internal sealed class UpstreamDialer(EventLoop loop, Network network, ClusterConfig config, UpstreamTls? tls, ClusterMetrics metrics)
{
    /// <summary>Changes with the certificates and trust that connections are made under.</summary>
    public int TlsGeneration => tls?.Number ?? 0;

    /// <param name="client">Whom a PROXY header names.</param>
    /// <param name="speaks">What ALPN offers: one version of HTTP, or either; null offers none, as the bytes are no HTTP.</param>
    /// <param name="deadline">The request's own; the cluster's connect time-out bounds the whole of it too.</param>
    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    public async ValueTask<Dialed> DialAsync(Endpoint endpoint, ProxiedClient client, HttpProtocol? speaks, Deadline deadline, CancellationToken cancellationToken)
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
        if (config.ProxyHeader != ProxyHeaderVersion.None)
        {
            var sent = await SendProxyHeaderAsync(connection, client, limit, cancellationToken);
            if (!sent.IsOk)
            {
                return Close(connection, Failed(sent.Error, sent.Describe()));
            }
        }

        if (tls is not null)
        {
            var secured = await TlsHandshake.ConnectAsync(connection, tls.For(speaks, endpoint), tls.ServerNameOf(endpoint), limit, cancellationToken, resumptionKey: endpoint.Text);
            if (secured.Connection is null)
            {
                metrics.TlsFailures++;
                return Close(connection, Failed(secured));
            }

            metrics.TlsHandshakes++;
            connection = secured.Connection;
        }

        metrics.ConnectDuration.Record(loop.MicrosNow - started);
        return new(connection, default);
    }

    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    private async ValueTask<IoResult> SendProxyHeaderAsync(Connection connection, ProxiedClient client, Deadline deadline, CancellationToken cancellationToken)
    {
        var slab = loop.Slabs.Rent();
        var length = config.ProxyHeader == ProxyHeaderVersion.V1
            ? ProxyHeaderWriter.WriteVersion1(slab.Free, client.Source, client.Destination)
            : ProxyHeaderWriter.WriteVersion2(slab.Free, client.Source, client.Destination);
        slab.Advance(length);
        var result = await connection.SendAsync(slab, length, deadline, cancellationToken);
        loop.Slabs.Return(slab);
        return result;
    }

    private Dialed Close(Connection connection, Failure failure)
    {
        connection.Close();
        metrics.ConnectionsActive--;
        metrics.ConnectionsDestroyed++;
        metrics.ConnectionsDestroyedLocal++;
        return new(null, failure);
    }

    private static Failure Failed(in TlsResult result) => new(
        FailureSide.Upstream,
        result.Refusal switch
        {
            TlsRefusal.TimedOut => FailureKind.ConnectTimeout,
            TlsRefusal.Expired or TlsRefusal.NotYetValid or TlsRefusal.UnknownIssuer or TlsRefusal.SelfSigned or TlsRefusal.Revoked or TlsRefusal.WrongName or
                TlsRefusal.WrongTrustDomain or TlsRefusal.BadSvid or TlsRefusal.BadCertificate or TlsRefusal.PeerRefused => FailureKind.TlsCertificate,
            _ => FailureKind.TlsFailed,
        },
        Cause: result.Cause);

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
