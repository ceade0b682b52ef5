using Microsoft.Extensions.Logging;
using Pillion.Core.Resilience;
using Pillion.Core.Signals.Metrics;
using Pillion.Net.Loop;
using Pillion.Proxy.Configuration;

namespace Pillion.Proxy.Clusters.Outliers;

/// <summary>
/// Takes endpoints that fail out of a cluster for a while (Envoy: outlier detection). Every loop says how its requests ended; one loop decides and publishes.
/// </summary>
internal sealed partial class OutlierDetector(ProxyLoop loop, string cluster, OutlierConfig config, ClusterEndpoints endpoints, OutlierMetrics metrics, ILogger logger) : TimerNode
{
    // An endpoint that got its one request and did not end it within so many looks gets another.
    private const int PatienceWithProbe = 3;

    private volatile Endpoint[] _due = [];
    private bool _isStopped;

    /// <summary>Called when an endpoint was taken out. On the deciding loop.</summary>
    public Action<Endpoint>? Ejected { get; init; }

    public void Start() => loop.Events.Post(() => loop.Events.Timers.Arm(this, NextLook));

    public void Stop() => loop.Events.Post(() =>
    {
        _isStopped = true;
        Volatile.Write(ref metrics.Active, 0);
        loop.Events.Timers.Cancel(this);
    });

    /// <summary>An endpoint answered a request. From any loop.</summary>
    /// <param name="status">For a gRPC call what its own status stands for.</param>
    public void Answered(Endpoint endpoint, int status)
    {
        var state = StateOf(endpoint);
        if (config.SplitLocalOrigin)
        {
            state.CountLocal(isGood: true);
            state.EndRow(OutlierReason.ConsecutiveLocalOriginFailure);
        }

        CountAnswer(endpoint, state, status);
    }

    /// <summary>A request to an endpoint ended without an answer, or within it. From any loop.</summary>
    public void Failed(Endpoint endpoint, in Failure failure)
    {
        var state = StateOf(endpoint);
        var status = StatusFor(failure);
        if (status == 0)
        {
            // It was no fault of the endpoint's.
            state.GiveProbeBack();
        }
        else if (!config.SplitLocalOrigin)
        {
            CountAnswer(endpoint, state, status);
        }
        else
        {
            state.CountLocal(isGood: false);
            CountInARow(endpoint, state, OutlierReason.ConsecutiveLocalOriginFailure, config.ConsecutiveLocalOriginFailure);
            EndProbe(endpoint, state, isGood: false);
        }
    }

    /// <summary>A connection for bytes was made: all that can be known of an endpoint that does not speak HTTP. From any loop.</summary>
    public void Connected(Endpoint endpoint) => Answered(endpoint, 200);

    /// <summary>An active check of an endpoint succeeded, and it is taken to serve. On the deciding loop.</summary>
    public void CheckPassed(Endpoint endpoint)
    {
        if (config.HealthCheckReadmits && endpoint.IsEjected)
        {
            Readmit(endpoint, StateOf(endpoint), "a health check passed");
        }
    }

    /// <summary>An endpoint whose time out is over and that gets this one request; null where there is none. From any loop.</summary>
    public Endpoint? TakeProbe(ReadOnlySpan<Endpoint> tried)
    {
        foreach (var endpoint in _due)
        {
            if (tried.IndexOf(endpoint) < 0 && StateOf(endpoint).TryTakeProbe())
            {
                return endpoint;
            }
        }

        return null;
    }

    protected internal override void Fire()
    {
        var all = endpoints.All.AsSpan().ToArray();
        foreach (var endpoint in all)
        {
            Look(endpoint, StateOf(endpoint));
        }

        LookAtRates([.. all.Where(endpoint => !endpoint.IsEjected).Select(endpoint => RateOf(endpoint, StateOf(endpoint).TakeExternal()))], OutlierReason.SuccessRate, OutlierReason.FailurePercentage);
        if (config.SplitLocalOrigin)
        {
            LookAtRates([.. all.Where(endpoint => !endpoint.IsEjected).Select(endpoint => RateOf(endpoint, StateOf(endpoint).TakeLocal()))], OutlierReason.LocalOriginSuccessRate, OutlierReason.LocalOriginFailurePercentage);
        }

        CountActive();
        if (!_isStopped)
        {
            loop.Events.Timers.Arm(this, NextLook);
        }
    }

    // What Envoy makes of what we noticed ourselves; 0 where the endpoint has no part in it.
    private static int StatusFor(in Failure failure) => failure switch
    {
        { Side: not FailureSide.Upstream } => 0,
        { Kind: FailureKind.ConnectTimeout or FailureKind.RouteTimeout or FailureKind.PerTryTimeout or FailureKind.IdleTimeout } => 504,
        { Kind: FailureKind.ConnectRefused or FailureKind.ConnectFailed or FailureKind.TlsFailed or FailureKind.TlsCertificate or FailureKind.ConnectionTerminated or FailureKind.ProtocolError or FailureKind.RefusedStream } => 503,
        _ => 0,
    };

    private static OutlierState StateOf(Endpoint endpoint) => endpoint.Outlier ?? endpoint.BeginOutlier();

    private static OutlierRate RateOf(Endpoint endpoint, (int Total, int Good) tally) => new(endpoint, tally.Total, tally.Total == 0 ? 100 : 100.0 * tally.Good / tally.Total);

    private long NextLook => loop.Events.Millis + (long)config.Interval.TotalMilliseconds;

    private void CountAnswer(Endpoint endpoint, OutlierState state, int status)
    {
        var isGood = status < 500;
        state.CountExternal(isGood);
        if (isGood)
        {
            state.EndRow(OutlierReason.Consecutive5xx);
            state.EndRow(OutlierReason.ConsecutiveGatewayFailure);
        }
        else
        {
            if (status is 502 or 503 or 504)
            {
                CountInARow(endpoint, state, OutlierReason.ConsecutiveGatewayFailure, config.ConsecutiveGatewayFailure);
            }
            else
            {
                state.EndRow(OutlierReason.ConsecutiveGatewayFailure);
            }

            CountInARow(endpoint, state, OutlierReason.Consecutive5xx, config.Consecutive5xx);
        }

        EndProbe(endpoint, state, isGood);
    }

    private void CountInARow(Endpoint endpoint, OutlierState state, OutlierReason reason, int most)
    {
        if (state.CountInARow(reason) == most)
        {
            PostFound(endpoint, state, reason, most);
        }
    }

    // Apart, as the next one is: what a lambda captures is made when its method begins, for each request.
    private void PostFound(Endpoint endpoint, OutlierState state, OutlierReason reason, int most) => loop.Events.Post(() =>
    {
        Found(endpoint, reason, $"{most} failures in a row");
        state.EndRow(reason);
    });

    private void EndProbe(Endpoint endpoint, OutlierState state, bool isGood)
    {
        if (state.IsProbed)
        {
            PostProbeEnded(endpoint, state, isGood);
        }
    }

    private void PostProbeEnded(Endpoint endpoint, OutlierState state, bool isGood) => loop.Events.Post(() => ProbeEnded(endpoint, state, isGood));

    private void ProbeEnded(Endpoint endpoint, OutlierState state, bool isGood)
    {
        if (!state.IsProbed)
        {
            return;
        }

        if (isGood)
        {
            Readmit(endpoint, state, "its one request succeeded");
            return;
        }

        state.EndProbe();
        PublishDue();
        var time = BeginTime(state);
        LogProbeFailed(logger, cluster, endpoint.Text, time.TotalSeconds);
    }

    // Who was in order since the last look is forgiven a little; who was ejected may come back when its time is over.
    private void Look(Endpoint endpoint, OutlierState state)
    {
        if (!endpoint.IsEjected)
        {
            state.Ejections -= state.Ejections > 0 ? 1 : 0;
            return;
        }

        if (state.IsProbed)
        {
            if (state.IsProbeTaken && ++state.ProbeAge > PatienceWithProbe)
            {
                state.OfferProbe();
            }

            return;
        }

        if (loop.Events.Millis - state.EjectedAt < Math.Min(config.BaseEjectionTime.TotalMilliseconds * state.Ejections, config.MaxEjectionTime.TotalMilliseconds) + state.JitterMillis)
        {
            return;
        }

        if (config.Probe)
        {
            state.OfferProbe();
            PublishDue();
        }
        else
        {
            Readmit(endpoint, state, "its time is over");
        }
    }

    private void LookAtRates(List<OutlierRate> rates, OutlierReason successRate, OutlierReason failurePercentage)
    {
        var threshold = OutlierRates.Threshold(rates, config);
        foreach (var rate in OutlierRates.BelowThreshold(rates, config).ToArray())
        {
            Found(rate.Endpoint, successRate, $"{rate.Rate:0.#} % of {rate.Volume} succeeded, less than {threshold:0.#} %");
        }

        foreach (var rate in OutlierRates.FailTooOften(rates, config).ToArray())
        {
            Found(rate.Endpoint, failurePercentage, $"{100 - rate.Rate:0.#} % of {rate.Volume} failed");
        }
    }

    private void Found(Endpoint endpoint, OutlierReason reason, string detail)
    {
        if (endpoint.IsEjected || _isStopped)
        {
            return;
        }

        metrics.Detected[(int)reason]++;
        var all = endpoints.All;
        var ejected = CountEjected(all);
        if (100.0 * ejected >= config.MaxEjectionPercent * all.Count && !(ejected == 0 && config.AlwaysEjectOne))
        {
            metrics.Overflow++;
            LogOverflow(logger, cluster, endpoint.Text, detail, ejected, all.Count, config.MaxEjectionPercent);
            return;
        }

        var enforced = config.Enforced[(int)reason];
        if (enforced < 100 && loop.Random.NextDouble() * 100 >= enforced)
        {
            return;
        }

        metrics.Enforced[(int)reason]++;
        var time = BeginTime(StateOf(endpoint));
        endpoint.IsEjected = true;
        endpoints.HealthChanged();
        CountActive();
        Ejected?.Invoke(endpoint);
        LogEjected(logger, cluster, endpoint.Text, time.TotalSeconds, OutlierMetrics.Names[(int)reason], detail, ejected + 1, all.Count);
    }

    private TimeSpan BeginTime(OutlierState state)
    {
        // No further than the longest time needs: it would have to be forgiven again.
        if (config.BaseEjectionTime * state.Ejections < config.MaxEjectionTime)
        {
            state.Ejections++;
        }

        state.EjectedAt = loop.Events.Millis;
        state.JitterMillis = (long)(loop.Random.NextDouble() * config.MaxEjectionJitter.TotalMilliseconds);
        var time = config.BaseEjectionTime * state.Ejections;
        return (time < config.MaxEjectionTime ? time : config.MaxEjectionTime) + TimeSpan.FromMilliseconds(state.JitterMillis);
    }

    private void Readmit(Endpoint endpoint, OutlierState state, string why)
    {
        state.EndProbe();
        state.EndRow(OutlierReason.Consecutive5xx);
        state.EndRow(OutlierReason.ConsecutiveGatewayFailure);
        state.EndRow(OutlierReason.ConsecutiveLocalOriginFailure);

        // What it was ejected for shall not eject it again.
        _ = state.TakeExternal();
        _ = state.TakeLocal();
        endpoint.IsEjected = false;
        PublishDue();
        endpoints.HealthChanged();
        CountActive();
        LogReadmitted(logger, cluster, endpoint.Text, why);
    }

    private void PublishDue() => _due = [.. endpoints.All.AsSpan().ToArray().Where(endpoint => endpoint.IsEjected && StateOf(endpoint).IsProbed)];

    // The cells outlive the cluster; its successor of the same name counts on in them.
    private void CountActive() => Volatile.Write(ref metrics.Active, CountEjected(endpoints.All));

    private static int CountEjected(EndpointSet all)
    {
        var ejected = 0;
        foreach (var endpoint in all.AsSpan())
        {
            ejected += endpoint.IsEjected ? 1 : 0;
        }

        return ejected;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "cluster {Cluster}: {Endpoint} was ejected for {Seconds} s by {Reason}: {Detail}; {Count} of {All} are ejected")]
    private static partial void LogEjected(ILogger logger, string cluster, string endpoint, double seconds, string reason, string detail, int count, int all);

    [LoggerMessage(Level = LogLevel.Warning, Message = "cluster {Cluster}: {Endpoint} is an outlier ({Detail}) and stays: {Count} of {All} are ejected and no more than {Percent} % may be")]
    private static partial void LogOverflow(ILogger logger, string cluster, string endpoint, string detail, int count, int all, double percent);

    [LoggerMessage(Level = LogLevel.Information, Message = "cluster {Cluster}: {Endpoint} is used again: {Why}")]
    private static partial void LogReadmitted(ILogger logger, string cluster, string endpoint, string why);

    [LoggerMessage(Level = LogLevel.Warning, Message = "cluster {Cluster}: the one request that {Endpoint} got failed and it stays ejected for {Seconds} s")]
    private static partial void LogProbeFailed(ILogger logger, string cluster, string endpoint, double seconds);
}
