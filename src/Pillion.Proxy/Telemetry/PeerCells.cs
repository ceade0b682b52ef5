using Pillion.Core.Signals.Metrics;

namespace Pillion.Proxy.Telemetry;

/// <summary>One loop's cells of callers, found without a lock. Callers are known by certificates that were verified, and the registry bounds how many are told apart.</summary>
internal sealed class PeerCells(MetricRegistry metrics, int loop)
{
    private readonly Dictionary<string, PeerMetrics> _cells = [];

    public PeerMetrics Of(string peer)
    {
        if (_cells.TryGetValue(peer, out var cells))
        {
            return cells;
        }

        cells = metrics.Peers.Cells(peer, loop);
        if (_cells.Count < MetricOwners<PeerMetrics>.DefaultCapacity)
        {
            _cells.Add(peer, cells);
        }

        return cells;
    }
}
