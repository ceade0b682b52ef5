using Pillion.Core.Configuration;

namespace Pillion.Proxy.Configuration;

/// <summary>When an endpoint that fails is taken out for a while, by what its answers say (Envoy: OutlierDetection, with its defaults).</summary>
internal sealed record OutlierConfig
{
    /// <summary>5xx in a row; 0 does not look (Envoy: consecutive_5xx).</summary>
    public int Consecutive5xx { get; init; } = 5;

    /// <summary>502, 503 or 504 in a row.</summary>
    public int ConsecutiveGatewayFailure { get; init; } = 5;

    /// <summary>Connects, time-outs and resets in a row; only with <see cref="SplitLocalOrigin"/>.</summary>
    public int ConsecutiveLocalOriginFailure { get; init; } = 5;

    /// <summary>What we notice ourselves is counted apart from what the endpoint answers; else it counts as 503, or 504 for a time-out.</summary>
    public bool SplitLocalOrigin { get; init; }

    /// <summary>Between two looks at rates, and at who may come back.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Times how often it was ejected.</summary>
    public TimeSpan BaseEjectionTime { get; init; } = TimeSpan.FromSeconds(30);

    public TimeSpan MaxEjectionTime { get; init; } = TimeSpan.FromSeconds(300);

    /// <summary>Up to so much is added by chance, so that not all come back at once.</summary>
    public TimeSpan MaxEjectionJitter { get; init; }

    /// <summary>With so many out no further one is ejected.</summary>
    public double MaxEjectionPercent { get; init; } = 10;

    /// <summary>One may be ejected whatever the share.</summary>
    public bool AlwaysEjectOne { get; init; } = true;

    public int SuccessRateMinHosts { get; init; } = 5;

    /// <summary>Requests within an interval, below which an endpoint's rate says nothing.</summary>
    public int SuccessRateVolume { get; init; } = 100;

    /// <summary>An endpoint is an outlier this many standard deviations below the mean, in thousandths.</summary>
    public int SuccessRateFactor { get; init; } = 1900;

    public double FailurePercentageThreshold { get; init; } = 85;

    public int FailurePercentageMinHosts { get; init; } = 5;

    public int FailurePercentageVolume { get; init; } = 50;

    /// <summary>How many of the outliers found are ejected, in per cent, by <see cref="OutlierReason"/>: the others are only counted.</summary>
    public ValueList<double> Enforced { get; init; } = [100, 0, 100, 100, 100, 0, 0];

    /// <summary>An active check that succeeds ends an ejection.</summary>
    public bool HealthCheckReadmits { get; init; } = true;

    /// <summary>
    /// When its time is over, an endpoint gets one request, and only when that succeeds all the others (as in Linkerd). Without, as in Envoy, it gets its share at
    /// once and must fail as often as the first time.
    /// </summary>
    public bool Probe { get; init; }

    public SourceLine Source { get; init; }
}

/// <summary>Why an endpoint is an outlier; the places are those of <see cref="Core.Signals.Metrics.OutlierMetrics.Names"/>.</summary>
internal enum OutlierReason
{
    Consecutive5xx,
    ConsecutiveGatewayFailure,
    ConsecutiveLocalOriginFailure,
    SuccessRate,
    LocalOriginSuccessRate,
    FailurePercentage,
    LocalOriginFailurePercentage,
}
