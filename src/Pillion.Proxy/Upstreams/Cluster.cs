using Microsoft.Extensions.Logging;
using Pillion.Core.Resilience;
using Pillion.Core.Signals.Metrics;
using Pillion.Net;
using Pillion.Proxy.Clusters;
using Pillion.Proxy.Clusters.Dns;
using Pillion.Proxy.Clusters.Health;
using Pillion.Proxy.Clusters.Levels;
using Pillion.Proxy.Clusters.Outliers;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Retries;
using Pillion.Proxy.Transport;
using Pillion.Proxy.Upstreams.Circuits;

namespace Pillion.Proxy.Upstreams;

/// <summary>
/// A cluster while it runs: its endpoints, which discovery replaces as a whole, and what each loop keeps for it. A reload that leaves
/// the cluster's configuration as it was keeps the object, its connections and its counters.
/// </summary>
internal sealed class Cluster
{
    private readonly ClusterLoop[] _loops;
    private readonly ClusterEndpoints _endpoints;

    /// <param name="breakers">Made before, as the loops' pools have them.</param>
    /// <param name="hosts">Finds the endpoint that a request names itself; null when the cluster has endpoints of its own.</param>
    public Cluster(ClusterConfig config, CircuitBreakers breakers, ClusterEndpoints endpoints, DynamicHosts? hosts, Func<ClusterEndpoints, int, ClusterLoop> loop, int loops)
    {
        Config = config;
        _endpoints = endpoints;
        Hosts = hosts;
        Breakers = breakers;
        _loops = [.. Enumerable.Range(0, loops).Select(index => loop(endpoints, index))];
    }

    public ClusterConfig Config { get; }

    public string Name => Config.Name;

    /// <summary>What it takes at the same time.</summary>
    public CircuitBreakers Breakers { get; }

    /// <summary>The retries of requests of the default priority.</summary>
    public RetryBudget Budget => Breakers.Default.Retries;

    /// <summary>Its active checks, each with the loop that asks.</summary>
    public IReadOnlyList<(ProxyLoop Loop, HealthChecks Checks)> HealthChecks { get; private set; } = [];

    /// <summary>TLS to its endpoints; null in the clear.</summary>
    public UpstreamTls? Tls { get; init; }

    /// <summary>Takes out endpoints that fail; null where none are.</summary>
    public OutlierDetector? Outliers { get; private set; }

    public ClusterEndpoints Endpoints => _endpoints;

    public DynamicHosts? Hosts { get; }

    public ClusterLoop On(ProxyLoop loop) => _loops[loop.Index];

    /// <summary>Its limits are those that the metrics tell of from now on.</summary>
    public void Publish(ClusterMetrics metrics)
    {
        Volatile.Write(ref metrics.DefaultCircuits, Breakers.Default.Limits);
        Volatile.Write(ref metrics.HighCircuits, Breakers.High.Limits);
    }

    /// <summary>Begins to check the endpoints and to look for outliers, where the configuration asks for it.</summary>
    public void StartChecks(ProxyLoop loop, ILogger logger)
    {
        if (Config.Outliers is { } outliers)
        {
            Outliers = new OutlierDetector(loop, Name, outliers, _endpoints, On(loop).Metrics.Outliers, logger) { Ejected = CloseIdle };
            foreach (var one in _loops)
            {
                one.Outliers = Outliers;
            }

            Outliers.Start();
        }

        HealthChecks = [.. Config.HealthChecks.Select(config => (loop, new HealthChecks(loop, Name, config, _endpoints, On(loop), logger)
        {
            IsUsed = () => Array.Exists(_loops, one => one.IsUsed),
            TakenOut = CloseIdle,
            Passed = endpoint => Outliers?.CheckPassed(endpoint),
        }))];
        foreach (var (_, checks) in HealthChecks)
        {
            // Stopped with the cluster; its loop ends it.
            loop.Events.Post(() => _ = checks.RunAsync());
        }
    }

    /// <summary>Why there was no endpoint to pick for a connection that wanted to go to <paramref name="destination"/>.</summary>
    /// <param name="wish">What the request asked of the choice.</param>
    public Failure WhyNoEndpoint(ProxyLoop loop, PeerAddress destination, PickWish? wish = null) =>
        Config.Discovery == ClusterDiscovery.OriginalDestination && loop.IsOwnListener(destination) ? new Failure(FailureSide.Local, FailureKind.LoopDetected) :
        _endpoints.Current.IsEmpty && _endpoints.LookupError is { } error ? new Failure(FailureSide.Upstream, FailureKind.NameNotResolved, Cause: error) :
        new Failure(FailureSide.Upstream, FailureKind.NoEndpoint, Cause: NoneUsable.Why(_endpoints.Plan, Config.Balancing, wish));

    // What was in flight may end; a further request shall find a new connection, should the old one be what fails.
    private void CloseIdle(Endpoint endpoint)
    {
        foreach (var loop in _loops)
        {
            loop.CloseIdle(endpoint);
        }
    }

    /// <summary>Ends discovery and lets the pools run dry; requests under way finish.</summary>
    public void Retire()
    {
        _endpoints.Stop();
        Outliers?.Stop();
        foreach (var checks in HealthChecks)
        {
            checks.Loop.Events.Post(checks.Checks.Stop);
        }

        foreach (var loop in _loops)
        {
            loop.Retire();
        }
    }
}
