using System.Buffers.Text;
using Pillion.Core.Resilience;
using Pillion.Core.Signals;
using Pillion.Core.Signals.Metrics;
using Pillion.Net;
using Pillion.Net.Http;
using Pillion.Proxy.Clusters;
using Pillion.Proxy.Clusters.Levels;
using Pillion.Proxy.Clusters.Outliers;
using Pillion.Proxy.Forwarding;

namespace Pillion.Proxy.Upstreams;

/// <summary>What one loop keeps for a cluster: its connections, its balancer, its counters.</summary>
internal sealed class ClusterLoop(ProxyLoop loop, ClusterEndpoints endpoints, Func<IBalancer> balancer, UpstreamDialer dialer, UpstreamPool pool, ClusterMetrics metrics)
{
    private readonly IBalancer _learner = balancer();
    private readonly bool _startsSlowly = endpoints.Config.Balancing.SlowStart is not null;

    // What a balancer remembers of one set of endpoints is of no use for another; by the sets' slots.
    private IBalancer?[] _balancers = [];

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

    /// <summary>A request's hash decides its endpoint.</summary>
    public bool GoesByHash => _learner.GoesByHash;

    /// <summary>The endpoint for the next try, or null when there is none.</summary>
    public Endpoint? Pick(TriedEndpoints tried, PickWish? wish = null)
    {
        IsUsed = true;
        if (Outliers?.TakeProbe(tried.Span) is { } probed)
        {
            return probed;
        }

        var plan = endpoints.Plan;

        // A session that may move does so with the first failure.
        if (wish is { IsPinned: true } && (tried.Span.IsEmpty || wish.IsStrict))
        {
            var pinned = plan.Find(wish.Pinned);
            if (wish.IsStrict || pinned is { IsUsable: true })
            {
                return pinned is { IsUsable: true } ? pinned : null;
            }
        }

        if (plan.For(wish?.Labels ?? LabelSet.None, Metrics) is not { } levels)
        {
            return null;
        }

        var context = new PickContext(tried.Span, loop.Random) { Now = _startsSlowly || _learner.Learns ? endpoints.Now : 0, Hash = wish?.Hash ?? 0, HasHash = wish is { HasHash: true } };
        return levels.Choose(context, Metrics) is { } set ? BalancerOf(set).Pick(set, context) : null;
    }

    /// <summary>A try has ended after this time: with the head of an answer, or a failure.</summary>
    public void Learn(Endpoint endpoint, in Attempt attempt)
    {
        // A client that leaves says nothing about the endpoint.
        if (_learner.Learns && attempt.Failure.Kind != FailureKind.ClientGone)
        {
            _learner.Learn(endpoint, attempt.DurationMicros, attempt.Failure.IsFailure || attempt.Status is >= 500 or 429, endpoints.Now);
        }
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

    private IBalancer BalancerOf(EndpointSet set)
    {
        if (set.Slot >= _balancers.Length)
        {
            Array.Resize(ref _balancers, set.Slot + 4);
        }

        return _balancers[set.Slot] ??= balancer();
    }

    /// <summary>Closes the idle connections to an endpoint. From any thread.</summary>
    public void CloseIdle(Endpoint endpoint) => loop.Events.Post(() => Pool.CloseIdle(endpoint));

    public void Retire() => loop.Events.Post(Pool.Retire);
}
