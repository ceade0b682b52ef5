using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Pillion.Net.Http;
using Pillion.Net.Loop;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Grpc;
using Pillion.Proxy.Upstreams;

namespace Pillion.Proxy.Clusters.Health;

/// <summary>
/// Asks every endpoint of a cluster, again and again, whether it serves. One loop asks for all; what it finds is published with the endpoints.
/// Loop thread only.
/// </summary>
internal sealed partial class HealthChecks(ProxyLoop loop, string cluster, HealthCheckConfig config, ClusterEndpoints endpoints, ClusterLoop upstreams, ILogger logger)
{
    private readonly Dictionary<Endpoint, State> _states = [];
    private readonly byte[] _request = GrpcHealth.WriteRequest(config.GrpcService);
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
            problem = await AskAsync(endpoint);
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
    private async ValueTask<string?> AskAsync(Endpoint endpoint)
    {
        // Connecting is part of the time.
        var deadline = Deadline.After(loop.Events, config.Timeout);
        var lease = await upstreams.Pool.RentAsync(endpoint, new UpstreamDemand(default, Version: 20), deadline, _stop.Token);
        if (lease.Upstream is not { } upstream)
        {
            return lease.Failure.Cause ?? "it cannot be connected to";
        }

        var stream = upstream.Stream;
        using var limit = new AnswerLimit(loop.Events, stream, deadline, _stop.Token);
        var request = RequestHeads.Rent();
        GrpcHealth.WriteHead(request, config, cluster, _request.Length);
        var problem = stream.WriteHead(request) ? await SendAndReceiveAsync(stream) : "the question does not fit";
        RequestHeads.Return(request);
        if (problem is not null)
        {
            stream.Abort(reset: true);
        }

        upstream.Return();
        return limit.HasPassed ? "it did not answer in time" : problem;
    }

    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    private async ValueTask<string?> SendAndReceiveAsync(ClientStream stream)
    {
        var slab = loop.Events.Slabs.Rent();
        slab.TryAppend(_request);
        var sent = await stream.SendBodyAsync(slab, _request.Length);
        loop.Events.Slabs.Return(slab);
        if (!sent.IsOk || !(await stream.FinishAsync(null)).IsOk)
        {
            return "the connection ended before the question was sent";
        }

        var answer = new ResponseHead();
        if ((await stream.ReceiveHeadAsync(answer, HttpMethod.Post)).Outcome != HeadOutcome.Received)
        {
            return "the connection ended before the answer came";
        }

        if (answer.Status != 200)
        {
            return $"it answered with HTTP status {answer.Status}";
        }

        var body = new byte[64];
        var filled = 0;
        while (true)
        {
            var part = await stream.ReceiveBodyAsync();
            switch (part.Event)
            {
                case BodyEvent.Data:
                    filled = GrpcHealth.Keep(part.Slab!, part.Count, body, filled);
                    break;
                case BodyEvent.End:
                    var status = GrpcStatus.Read(stream.Trailers);
                    status = status < 0 ? GrpcStatus.Read(answer.Fields) : status;
                    return status != 0 ? $"it answered with gRPC status {status}" : GrpcHealth.IsServing(body.AsSpan(0, filled)) ? null : "it says that it does not serve";
                default:
                    return "the connection ended within the answer";
            }
        }
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

    private sealed class AnswerLimit : TimerNode, IDisposable
    {
        private readonly EventLoop _loop;
        private readonly ClientStream _stream;
        private readonly CancellationTokenRegistration _stopped;

        // The checks are stopped on the loop.
        public AnswerLimit(EventLoop loop, ClientStream stream, Deadline deadline, CancellationToken stop)
        {
            _loop = loop;
            _stream = stream;
            loop.Timers.Arm(this, deadline.Millis);
            _stopped = stop.UnsafeRegister(static state => ((AnswerLimit)state!)._stream.Abort(reset: true), this);
        }

        public bool HasPassed { get; private set; }

        public void Dispose()
        {
            _stopped.Unregister();
            _loop.Timers.Cancel(this);
        }

        protected internal override void Fire()
        {
            HasPassed = true;
            _stream.Abort(reset: true);
        }
    }
}
