using System.Buffers.Text;
using Pillion.Core.Signals.Metrics;
using Pillion.Net;
using Pillion.Net.Http;
using Pillion.Proxy.Clusters;
using Pillion.Proxy.Forwarding;

namespace Pillion.Proxy.Upstreams;

/// <summary>What one loop keeps for a cluster: its connections, its balancer, its counters.</summary>
internal sealed class ClusterLoop(ProxyLoop loop, ClusterEndpoints endpoints, IBalancer balancer, UpstreamPool pool, ClusterMetrics metrics)
{
    public UpstreamPool Pool { get; } = pool;

    public ClusterMetrics Metrics { get; } = metrics;

    /// <summary>The endpoint for the next try, or null when there is none.</summary>
    public Endpoint? Pick(TriedEndpoints tried) => balancer.Pick(endpoints.Current, new PickContext(tried.Span, loop.Random));

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

    public void Retire() => loop.Events.Post(Pool.Retire);
}
