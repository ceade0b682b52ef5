using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Pillion.Net.Loop;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Upstreams;

namespace Pillion.Proxy.Clusters.Health;

/// <summary>
/// Asks every endpoint of a cluster, again and again, whether it serves. One loop asks for all; what it finds is published with the endpoints.
/// Loop thread only.
/// </summary>
internal sealed partial class HealthChecks(ProxyLoop loop, string cluster, HealthCheckConfig config, ClusterEndpoints endpoints, ClusterLoop upstreams, ILogger logger)
{
    // How soon an endpoint that discovery found is asked for the first time.
    private static readonly TimeSpan LookForNew = TimeSpan.FromSeconds(1);

    private readonly Dictionary<Endpoint, CheckState> _states = [];
    private readonly CancellationTokenSource _stop = new();

    /// <summary>Whether requests have used the cluster.</summary>
    public required Func<bool> IsUsed { get; init; }

    /// <summary>Called when an endpoint was taken out.</summary>
    public required Action<Endpoint> TakenOut { get; init; }

    /// <summary>Called when an endpoint that is taken to serve passed a check.</summary>
    public required Action<Endpoint> Passed { get; init; }

    /// <summary>Checks until stopped.</summary>
    [AsyncMethodBuilder(typeof(PooledMethodBuilder))]
    public async ValueTask RunAsync()
    {
        do
        {
            foreach (var endpoint in endpoints.All.AsSpan().ToArray())
            {
                if (!_states.ContainsKey(endpoint))
                {
                    var state = _states[endpoint] = new CheckState(config, !endpoint.IsUnhealthy);
                    _ = CheckAsync(endpoint, state);
                }
            }
        }
        while (await loop.Events.DelayAsync(LookForNew, _stop.Token));
    }

    public void Stop() => _stop.Cancel();

    // Until the endpoint is gone, or the cluster.
    [AsyncMethodBuilder(typeof(PooledMethodBuilder))]
    private async ValueTask CheckAsync(Endpoint endpoint, CheckState state)
    {
        var check = EndpointCheck.Make(loop, upstreams, config, cluster);
        var next = config.InitialJitter * loop.Random.NextDouble();
        while (next == TimeSpan.Zero || await WaitAsync(next))
        {
            if (endpoint.IsRemoved || _stop.IsCancellationRequested)
            {
                break;
            }

            var result = await AskAsync(check, endpoint);
            if (_stop.IsCancellationRequested)
            {
                break;
            }

            Count(endpoint, state, result);
            next = state.WithJitter(state.Interval(result.IsGood, IsUsed()), loop.Random);
        }

        _states.Remove(endpoint);
    }

    // The first request ends the long wait of a cluster that nobody used: what was found a minute ago may be wrong by now.
    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    private async ValueTask<bool> WaitAsync(TimeSpan time)
    {
        var wasUsed = IsUsed();
        while (time > TimeSpan.Zero && (wasUsed || !IsUsed()))
        {
            var part = wasUsed || time < config.Interval ? time : config.Interval;
            if (!await loop.Events.DelayAsync(part, _stop.Token))
            {
                return false;
            }

            time -= part;
        }

        return true;
    }

    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    private async ValueTask<CheckResult> AskAsync(EndpointCheck check, Endpoint endpoint)
    {
        try
        {
            return await check.AskAsync(endpoint, _stop.Token);
        }
        catch (Exception exception)
        {
            loop.Unhandled(exception);
            return new(CheckOutcome.Failed, exception.GetType().Name);
        }
    }

    private void Count(Endpoint endpoint, CheckState state, in CheckResult result)
    {
        var metrics = upstreams.Metrics;
        metrics.HealthAttempts++;
        metrics.HealthSuccesses += result.IsGood ? 1 : 0;
        metrics.HealthFailures += result.IsGood ? 0 : 1;
        metrics.HealthNetworkFailures += result.Outcome == CheckOutcome.NoAnswer ? 1 : 0;
        var changes = state.Count(result);
        if (changes)
        {
            endpoint.IsUnhealthy = !state.IsHealthy;
            endpoints.HealthChanged();
        }

        if (result.IsGood && state.IsHealthy)
        {
            Passed(endpoint);
        }

        if (changes && state.IsHealthy)
        {
            LogHealthy(logger, cluster, endpoint.Text);
        }
        else if (changes)
        {
            TakenOut(endpoint);
            LogUnhealthy(logger, cluster, endpoint.Text, state.Failures, result.Problem);
        }
        else if (!result.IsGood && config.AlwaysLogFailures)
        {
            LogFailure(logger, cluster, endpoint.Text, result.Problem);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "cluster {Cluster}: {Endpoint} passed its health checks and is used")]
    private static partial void LogHealthy(ILogger logger, string cluster, string endpoint);

    [LoggerMessage(Level = LogLevel.Warning, Message = "cluster {Cluster}: {Endpoint} failed {Count} health checks in a row and was taken out: {Problem}")]
    private static partial void LogUnhealthy(ILogger logger, string cluster, string endpoint, int count, string problem);

    [LoggerMessage(Level = LogLevel.Warning, Message = "cluster {Cluster}: {Endpoint} failed a health check: {Problem}")]
    private static partial void LogFailure(ILogger logger, string cluster, string endpoint, string problem);
}
