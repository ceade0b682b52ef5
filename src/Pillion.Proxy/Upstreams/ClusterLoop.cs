using System.Buffers.Text;
using Pillion.Core.Signals.Metrics;
using Pillion.Net;
using Pillion.Net.Http;
using Pillion.Proxy.Clusters;
using Pillion.Proxy.Clusters.Outliers;
using Pillion.Proxy.Forwarding;

namespace Pillion.Proxy.Upstreams;

/// <summary>What one loop keeps for a cluster: its connections, its balancer, its counters.</summary>
internal sealed class ClusterLoop(ProxyLoop loop, ClusterEndpoints endpoints, IBalancer balancer, UpstreamDialer dialer, UpstreamPool pool, ClusterMetrics metrics)
{
    public UpstreamPool Pool { get; } = pool;

    /// <summary>Makes connections that no pool keeps.</summary>
    public UpstreamDialer Dialer { get; } = dialer;

    /// <summary>The endpoints of a cluster that has none of its own: where redirected connections wanted to go; null for every other cluster.</summary>
    public OriginalDestinations? Original { get; init; }

    public ClusterMetrics Metrics { get; } = metrics;

    /// <summary>Hears how requests end; null where nobody looks. Set while the cluster is made.</summary>
    public OutlierDetector? Outliers { get; set; }

    /// <summary>A request has asked for an endpoint once.</summary>
    public bool IsUsed { get; private set; }

    /// <summary>The endpoint for the next try, or null when there is none.</summary>
    public Endpoint? Pick(TriedEndpoints tried)
    {
        IsUsed = true;
        return Outliers?.TakeProbe(tried.Span) ?? balancer.Pick(endpoints.Current, new PickContext(tried.Span, loop.Random));
    }

    /// <summary>The endpoint of a redirected connection: where it wanted to go. Null where that leads back to one of our own listeners.</summary>
    public Endpoint? FindOriginal(PeerAddress destination) => loop.IsOwnListener(destination) ? null : Original!.Find(destination, loop.Events.Millis);

    /// <summary>Takes from an answer what it says of the connection itself, before that is removed.</summary>
    public void Learn(Endpoint endpoint, ResponseHead response)
    {
        var keepAlive = response.Fields.Get(KnownField.KeepAlive);
        var timeout = keepAlive.IndexOf("timeout="u8);
        if (timeout >= 0 && Utf8Parser.TryParse(keepAlive[(timeout + "timeout="u8.Length)..], out uint seconds, out _))
        {
            Pool.KeepAliveAnnounced(endpoint, seconds);
        }
    }

    /// <summary>Closes the idle connections to an endpoint. From any thread.</summary>
    public void CloseIdle(Endpoint endpoint) => loop.Events.Post(() => Pool.CloseIdle(endpoint));

    public void Retire() => loop.Events.Post(Pool.Retire);
}
