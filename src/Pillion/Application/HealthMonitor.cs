using Microsoft.Extensions.Logging;
using Pillion.Core.Configuration.Roles;
using Pillion.Core.Lifecycle;

namespace Pillion.Application;

/// <summary>Asks the application at an interval and keeps the readiness condition by the thresholds. Runs off the loops.</summary>
internal sealed partial class HealthMonitor(IProbe probe, HealthConfig config, Condition condition, TimeProvider time, ILogger logger)
{
    private int _failures;
    private int _successes;
    private bool _wasHealthy;

    /// <summary>Probes until cancelled; the first probe is at once.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                await ProbeOnceAsync(cancellationToken).ConfigureAwait(false);
                await Task.Delay(config.Interval, time, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
        }
    }

    internal async Task ProbeOnceAsync(CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(config.Timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        string? problem;
        try
        {
            problem = await probe.ProbeAsync(either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            problem = $"no answer within {config.Timeout.TotalSeconds:0.###} s";
        }

        Count(problem);
    }

    private void Count(string? problem)
    {
        if (problem is null)
        {
            _failures = 0;
            _successes++;
            // The very first success is enough: thresholds damp changes, and there was no state to change from.
            if (!condition.IsMet && (_successes >= config.Successes || !_wasHealthy))
            {
                if (_wasHealthy)
                {
                    LogRecovered(logger);
                }

                _wasHealthy = true;
                condition.Meet();
            }

            return;
        }

        _successes = 0;
        _failures++;
        if (!condition.IsMet)
        {
            condition.Fail(problem);
        }
        else if (_failures >= config.Failures)
        {
            LogUnhealthy(logger, _failures, problem);
            condition.Fail(problem);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "the application failed {Count} health probes in a row: {Problem}")]
    private static partial void LogUnhealthy(ILogger logger, int count, string problem);

    [LoggerMessage(Level = LogLevel.Information, Message = "the application is healthy again")]
    private static partial void LogRecovered(ILogger logger);
}
