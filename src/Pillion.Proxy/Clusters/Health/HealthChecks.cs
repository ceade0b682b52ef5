using System.Runtime.CompilerServices;
using System.Text;
using Microsoft.Extensions.Logging;
using Pillion.Net.Loop;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Upstreams;
using Pillion.Proxy.Upstreams.Calls;

namespace Pillion.Proxy.Clusters.Health;

/// <summary>
/// Asks every endpoint of a cluster, again and again, whether it serves. One loop asks for all; what it finds is published with the endpoints.
/// Loop thread only.
/// </summary>
internal sealed partial class HealthChecks(ProxyLoop loop, string cluster, HealthCheckConfig config, ClusterEndpoints endpoints, ClusterLoop upstreams, ILogger logger)
{
    private readonly Dictionary<Endpoint, State> _states = [];
    private readonly byte[] _request = GrpcHealth.WriteRequest(config.GrpcService);
    private readonly byte[] _authority = Encoding.ASCII.GetBytes(config.Authority ?? cluster);
    private readonly CancellationTokenSource _stop = new();

    /// <summary>Checks until stopped.</summary>
    [AsyncMethodBuilder(typeof(PooledMethodBuilder))]
    public async ValueTask RunAsync()
    {
        do
        {
            foreach (var endpoint in endpoints.All.AsSpan().ToArray())
            {
                if (!_states.TryGetValue(endpoint, out var state))
                {
                    _states[endpoint] = state = new State(!endpoint.IsUnhealthy);
                }

                // One that has not answered the last question is not asked again meanwhile.
                if (!state.IsAsked)
                {
                    _ = AskAsync(endpoint, state);
                }
            }

            foreach (var gone in _states.Keys.Where(endpoint => endpoint.IsRemoved).ToArray())
            {
                _states.Remove(gone);
            }
        }
        // Up to a tenth more or less, so that many sidecars do not ask in step.
        while (await loop.Events.DelayAsync(config.Interval * (0.9 + (0.2 * loop.Random.NextDouble())), _stop.Token));
    }

    public void Stop() => _stop.Cancel();

    [AsyncMethodBuilder(typeof(PooledMethodBuilder))]
    private async ValueTask AskAsync(Endpoint endpoint, State state)
    {
        state.IsAsked = true;
        string? problem;
        try
        {
            problem = await AskAsync(endpoint, state.Call);
        }
        catch (Exception exception)
        {
            loop.Unhandled(exception);
            problem = exception.GetType().Name;
        }

        state.IsAsked = false;
        if (!_stop.IsCancellationRequested && state.Count(problem is null, config))
        {
            endpoint.IsUnhealthy = !state.IsHealthy;
            endpoints.HealthChanged();
            if (state.IsHealthy)
            {
                LogHealthy(logger, cluster, endpoint.Text);
            }
            else
            {
                LogUnhealthy(logger, cluster, endpoint.Text, state.Failures, problem!);
            }
        }
    }

    // Null: it serves; else why it is not known to.
    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    private async ValueTask<string?> AskAsync(Endpoint endpoint, GrpcCall call)
    {
        call.SetMessage(_request);
        await call.AskAsync(loop, upstreams, endpoint, GrpcHealth.Path, _authority, config.Timeout, _stop.Token);
        return call.Problem ?? (GrpcHealth.IsServing(call.Reply.Span) ? null : "it says that it does not serve");
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "cluster {Cluster}: {Endpoint} passed its health checks and is used")]
    private static partial void LogHealthy(ILogger logger, string cluster, string endpoint);

    [LoggerMessage(Level = LogLevel.Warning, Message = "cluster {Cluster}: {Endpoint} failed {Count} health checks in a row and was taken out: {Problem}")]
    private static partial void LogUnhealthy(ILogger logger, string cluster, string endpoint, int count, string problem);

    // One that DNS took away and gave back is what it was found to be.
    private sealed class State(bool isHealthy)
    {
        private int _successes;
        private bool _isKnown;

        public GrpcCall Call { get; } = new() { UserAgent = "pillion-health-check"u8.ToArray() };

        public bool IsAsked { get; set; }

        /// <summary>Used until a check has failed: what was never asked may well serve.</summary>
        public bool IsHealthy { get; private set; } = isHealthy;

        public int Failures { get; private set; }

        /// <summary>Counts an answer; true when it changed what the endpoint is taken for. The first one decides at once, either way.</summary>
        public bool Count(bool isGood, HealthCheckConfig config)
        {
            _successes = isGood ? _successes + 1 : 0;
            Failures = isGood ? 0 : Failures + 1;
            var changes = isGood ? !IsHealthy && (!_isKnown || _successes >= config.HealthyThreshold) : IsHealthy && (!_isKnown || Failures >= config.UnhealthyThreshold);
            _isKnown = true;
            IsHealthy ^= changes;
            return changes;
        }
    }
}
