using Pillion.Proxy.Configuration;

namespace Pillion.Proxy.Clusters.Health;

/// <summary>
/// What one endpoint's checks have come to, and when to ask again. One that DNS took away and gave back is what it was found to be.
/// </summary>
internal sealed class CheckState(HealthCheckConfig config, bool isHealthy)
{
    private int _successes;
    private bool _isKnown;

    /// <summary>Used until a check has failed: what was never asked may well serve.</summary>
    public bool IsHealthy { get; private set; } = isHealthy;

    public int Failures { get; private set; }

    /// <summary>Counts a result; true when it changed what the endpoint is taken for. The first one decides at once, either way.</summary>
    public bool Count(in CheckResult result)
    {
        _successes = result.IsGood ? _successes + 1 : 0;
        Failures = result.IsGood ? 0 : Failures + 1;
        var changes = result.IsGood
            ? !IsHealthy && (!_isKnown || _successes >= config.HealthyThreshold)
            : IsHealthy && (!_isKnown || result.Outcome == CheckOutcome.Refused || Failures >= config.UnhealthyThreshold);
        _isKnown = true;
        IsHealthy ^= changes;
        return changes;
    }

    /// <summary>The time until the next check, before chance adds to it (Envoy: HealthCheckerImplBase::interval).</summary>
    /// <param name="isGood">The last check passed.</param>
    /// <param name="isUsed">Requests have used the cluster.</param>
    public TimeSpan Interval(bool isGood, bool isUsed)
    {
        if (!isUsed)
        {
            return isGood ? config.NoTrafficHealthyInterval ?? config.NoTrafficInterval : config.NoTrafficInterval;
        }

        // Between the first sign of a change and the change itself.
        var isPending = isGood != IsHealthy;
        var unhealthy = config.UnhealthyInterval ?? config.Interval;
        return isGood
            ? isPending ? config.HealthyEdgeInterval ?? config.Interval : config.Interval
            : isPending ? config.UnhealthyEdgeInterval ?? unhealthy : unhealthy;
    }

    /// <summary>Many sidecars must not ask in step.</summary>
    public TimeSpan WithJitter(TimeSpan interval, Random random) =>
        interval + (config.IntervalJitter * random.NextDouble()) + (interval * (config.IntervalJitterPercent / 100) * random.NextDouble());
}
