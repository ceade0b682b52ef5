using Pillion.Proxy.Configuration.Balancing;

namespace Pillion.Proxy.Clusters.Balancing;

/// <summary>
/// Of two endpoints drawn by chance, the one expected to be done sooner: its recent time to answer times the requests before this one. A slow answer counts
/// at once, and is forgotten slowly; a failure counts as a slow answer, so that an endpoint that fails fast does not attract everything. As Linkerd does.
/// </summary>
internal sealed class PeakEwma(BalancingConfig config) : IBalancer
{
    private readonly LatencyEstimate _estimate = new(config.LatencySeed, config.LatencyDecay);
    private readonly long _penalty = (long)config.FailurePenalty.TotalMicroseconds;

    public bool Learns => true;

    public Endpoint? Pick(EndpointSet set, in PickContext context)
    {
        if (set.Count < 2)
        {
            return set.Count == 0 ? null : set[0];
        }

        var untried = context.CountUntried(set, out var avoidTried);
        var one = set.Draw(context, avoidTried);
        if (untried == 1)
        {
            return set[one];
        }

        var other = Second(set, context, avoidTried, one);
        return Cost(set[other], context.Now) < Cost(set[one], context.Now) ? set[other] : set[one];
    }

    public void Learn(Endpoint endpoint, long micros, bool isFailure, long now) =>
        _estimate.Add(ref endpoint.Latency, isFailure ? Math.Max(micros, _penalty) : micros, now);

    // Without weights the second need not be drawn among all: any other will do.
    private static int Second(EndpointSet set, in PickContext context, bool avoidTried, int first) =>
        set.HasEqualWeights && !avoidTried ? (first + 1 + context.Random.Next(set.Count - 1)) % set.Count : set.Draw(context, avoidTried, but: first);

    private double Cost(Endpoint endpoint, long now) => _estimate.Read(ref endpoint.Latency, now) * (Math.Max(0, endpoint.ActiveRequests) + 1.0);
}
