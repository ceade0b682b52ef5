using Pillion.Core.Signals.Metrics;

namespace Pillion.Proxy.Mirroring;

/// <summary>A loop's copies of requests on their way: so many and no more, because what nobody waits for must not pile up.</summary>
internal sealed class MirrorQueue(ProxyLoop loop)
{
    /// <summary>At the same time, of one loop; each may hold a body.</summary>
    public const int MostInFlight = 128;

    private readonly Stack<MirroredRequest> _free = new();
    private readonly CancellationTokenSource _stop = new();

    /// <summary>Copies that are being made or are on their way.</summary>
    public int InFlight { get; private set; }

    /// <summary>Ends what is on its way when the role stops.</summary>
    public CancellationToken Stopped => _stop.Token;

    /// <summary>A copy to fill and send, or null with the reason counted.</summary>
    public MirroredRequest? TryRent(ClusterMetrics metrics)
    {
        if (loop.ShedsMirrors)
        {
            metrics.MirrorsDropped.Count(MirrorDrop.Shed);
            return null;
        }

        if (InFlight >= MostInFlight || _stop.IsCancellationRequested)
        {
            metrics.MirrorsDropped.Count(MirrorDrop.InFlight);
            return null;
        }

        InFlight++;
        return _free.TryPop(out var free) ? free : new MirroredRequest(loop, this);
    }

    public void Return(MirroredRequest request)
    {
        InFlight--;
        _free.Push(request);
    }

    /// <summary>Loop thread only, as all of it.</summary>
    public void Stop() => _stop.Cancel();
}
