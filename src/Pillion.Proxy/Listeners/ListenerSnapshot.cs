using Pillion.Core.Signals.Metrics;
using Pillion.Proxy.Configuration;

namespace Pillion.Proxy.Listeners;

/// <summary>A listener as one configuration has it, compiled.</summary>
internal sealed class ListenerSnapshot
{
    private readonly ListenerMetrics[] _metrics;

    public ListenerSnapshot(ListenerConfig config, IReadOnlyList<ChainSnapshot> chains, MetricRegistry metrics, int loops)
    {
        Config = config;
        Chains = chains;
        _metrics = [.. Enumerable.Range(0, loops).Select(loop => metrics.Listener(config.Address.ToString(), loop))];
    }

    public ListenerConfig Config { get; }

    public string Name => Config.Name;

    public IReadOnlyList<ChainSnapshot> Chains { get; }

    public int MaxConnections => Config.MaxConnections;

    public ListenerMetrics Metrics(ProxyLoop loop) => _metrics[loop.Index];

    /// <summary>The chain of this name, as connections that were accepted by an earlier configuration look for theirs; null where there is none any more.</summary>
    public ChainSnapshot? Find(string chain)
    {
        foreach (var candidate in Chains)
        {
            if (candidate.Name == chain)
            {
                return candidate;
            }
        }

        return null;
    }
}
