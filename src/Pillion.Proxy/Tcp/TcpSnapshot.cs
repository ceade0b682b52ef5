using Pillion.Core.Signals.Metrics;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Configuration.Tcp;
using Pillion.Proxy.Filters.Egress;
using Pillion.Proxy.Listeners;

namespace Pillion.Proxy.Tcp;

/// <summary>The relaying of a filter chain as one configuration has it, compiled.</summary>
internal sealed class TcpSnapshot
{
    private readonly TcpMetrics[] _metrics;
    private readonly WeightedClusters<string> _clusters;

    public TcpSnapshot(ListenerConfig listener, TcpConfig config, MetricRegistry metrics, int loops, AccessLogSet logs)
    {
        Listener = listener.Name;
        Direction = listener.Direction;
        Config = config;
        Logs = logs;
        Limits = new TcpLimits { IdleTimeout = config.IdleTimeout, MaxDuration = config.MaxDuration };
        AllowedHosts = config.AllowedHosts is { } allowed ? new(allowed.Hosts) : null;
        _clusters = new WeightedClusters<string>(config.Clusters.Select(cluster => (cluster.Cluster, (uint)cluster.Weight)));
        _metrics = [.. Enumerable.Range(0, loops).Select(loop => metrics.Tcp(config.StatPrefix, loop))];
    }

    public string Listener { get; }

    public TrafficDirection Direction { get; }

    public TcpConfig Config { get; }

    public TcpLimits Limits { get; }

    /// <summary>Null where every host may be called.</summary>
    public AllowedHosts? AllowedHosts { get; }

    public AccessLogSet Logs { get; }

    public TcpMetrics Metrics(ProxyLoop loop) => _metrics[loop.Index];

    /// <summary>The cluster for one connection.</summary>
    public string PickCluster(Random random) => _clusters.Pick(random);
}
