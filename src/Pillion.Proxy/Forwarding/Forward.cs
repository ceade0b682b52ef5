using System.Runtime.CompilerServices;
using System.Text;
using Pillion.Core.Resilience;
using Pillion.Core.Signals;
using Pillion.Net.Http;
using Pillion.Net.Http.Http1;
using Pillion.Net.Loop;
using Pillion.Net.Sockets;
using Pillion.Proxy.Clusters;
using Pillion.Proxy.Clusters.Dns;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Grpc;
using Pillion.Proxy.Retries;
using Pillion.Proxy.Routing;
using Pillion.Proxy.Upstreams;

namespace Pillion.Proxy.Forwarding;

/// <summary>Sends a request to a cluster, again where that is allowed, and relays the answer.</summary>
internal sealed class Forward
{
    // Without a policy: what an idempotent request may need for the one retry that nobody has to ask for.
    private const int DefaultRetainedBytes = 64 * 1024;

    private readonly Exchange _exchange;
    private readonly RequestBody _body;
    private readonly UpstreamAttempt _attempt;
    private readonly RetryGate _retries = new();
    private ProxySnapshot? _foundIn;
    private ForwardAction? _foundFor;
    private Route _route = null!;
    private RetryConfig? _policy;
    private bool _isGrpcTimeout;
    private CancellationTokenSource _cancel = new();

    public Forward(Exchange exchange)
    {
        _exchange = exchange;
        _body = new RequestBody(exchange.Loop.Events.Slabs)
        {
            Ended = () =>
            {
                _exchange.RequestEnded();
                StartRouteTime();
            },
            Moved = _exchange.Limits.Touch,
        };
        _attempt = new UpstreamAttempt(exchange, this, _body);
    }

    public ForwardAction Action { get; private set; } = null!;

    public Cluster Cluster { get; private set; } = null!;

    /// <summary>What the loop keeps for the cluster.</summary>
    public ClusterLoop Upstreams { get; private set; } = null!;

    /// <summary>The endpoints that this request has tried.</summary>
    public TriedEndpoints Tried { get; } = new();

    /// <summary>A CONNECT that ends here.</summary>
    public bool IsTunnel { get; private set; }

    /// <summary>Ends what has no connection to abort: what a filter waits for, and waiting before another try.</summary>
    public CancellationToken Cancelled => _cancel.Token;

    /// <summary>A new request: nothing of it is cancelled yet.</summary>
    public void Begin()
    {
        if (_cancel.IsCancellationRequested)
        {
            _cancel = new CancellationTokenSource();
        }
    }

    [AsyncMethodBuilder(typeof(PooledMethodBuilder))]
    public async ValueTask RunAsync(Route route, ForwardAction action)
    {
        _route = route;
        Action = action;
        _policy = action.Retry;
        Tried.Clear();
        IsTunnel = action.TerminateConnect && _exchange.Request.Method == HttpMethod.Connect;
        if (!FindCluster())
        {
            await _exchange.AnswerLocallyAsync(new Failure(FailureSide.Local, FailureKind.NoCluster), action.ClusterNotFoundStatus);
            return;
        }

        Prepare();
        _retries.Begin(_exchange, Cluster, Upstreams.Metrics, _policy);
        Cluster.Budget.RequestBegins();
        Upstreams.Metrics.RequestsActive++;
        _attempt.Response = _exchange.Response;
        try
        {
            for (var retry = 0; ; retry++)
            {
                var failure = await _attempt.SendAsync();
                if (!failure.IsFailure && !IsTunnel)
                {
                    failure = await _attempt.ReceiveHeadAsync();
                }

                _attempt.EndAttempt(failure);
                if (!failure.IsFailure && !await IsTriedAgainAsync(retry))
                {
                    await AnswerAsync(_attempt);
                    return;
                }

                if (!await MayTryAgainAsync(failure, retry))
                {
                    return;
                }
            }
        }
        finally
        {
            Upstreams.Metrics.RequestsActive--;
            if (_attempt.IsUnderWay)
            {
                // A bug let an exception through: nothing of this try may reach the next request.
                _attempt.Cancel();
                await EndTryAsync(_attempt);
            }

            _retries.End();
            Cluster.Budget.RequestEnds();
            _body.Clear();
        }
    }

    /// <summary>The client left or a limit passed: whatever is under way towards the upstream ends now.</summary>
    public void Cancel()
    {
        // One or the other: what the first wakes may have begun the next try by the time it returns.
        if (_attempt.IsUnderWay)
        {
            _attempt.Cancel();
        }
        else
        {
            _cancel.Cancel();
        }
    }

    /// <summary>A try has its endpoint: its own time begins.</summary>
    public void TryBegins()
    {
        if (_policy is { PerTryTimeout.Ticks: > 0 })
        {
            _exchange.Limits.StartTry(_policy.PerTryTimeout);
        }
    }

    private bool FindCluster()
    {
        var record = _exchange.Record;
        record.Cluster = Action.Cluster;

        // An exchange is used again, mostly for the same route: then its cluster need not be looked up by name.
        if (ReferenceEquals(_foundIn, _exchange.Snapshot) && ReferenceEquals(_foundFor, Action))
        {
            return true;
        }

        if (!_exchange.Snapshot.Clusters.TryGetValue(Action.Cluster, out var cluster))
        {
            return false;
        }

        _foundIn = _exchange.Snapshot;
        _foundFor = Action;
        Cluster = cluster;
        Upstreams = cluster.On(_exchange.Loop);
        return true;
    }

    private void Prepare()
    {
        var request = _exchange.Request;
        request.WantsUpgrade = request.WantsUpgrade && AllowsUpgrade(request);
        HopByHop.Remove(request);
        _route.RequestHeaders.Apply(request, _exchange.Record);
        Action.Rewrite(request);

        // Over HTTP/2 any request may come back unworked on.
        var retains = _policy is not null || request.IsIdempotent || Cluster.Config.Protocol != HttpProtocol.Http1;
        _body.Begin(retains ? _policy?.MaxBodyBytes ?? DefaultRetainedBytes : 0, _exchange.Stream.IsBodyReceived);
        _exchange.Limits.StartIdle(Action.IdleTimeout ?? _exchange.Listener.Http.StreamIdleTimeout);
        _isGrpcTimeout = _exchange.IsGrpc && Action.GrpcTimeoutMax is not null && StartGrpcDeadline(Action.GrpcTimeoutMax.Value);
        if (_exchange.Stream.IsBodyReceived)
        {
            StartRouteTime();
        }
    }

    private void StartRouteTime()
    {
        if (!_isGrpcTimeout || !Action.GrpcTimeoutReplaces)
        {
            _exchange.Limits.StartRoute(Action.Timeout);
        }
    }

    // The client's own time counts from the head on; the upstream is told what is left of it where that is less.
    private bool StartGrpcDeadline(TimeSpan most)
    {
        if (GrpcTimeout.Read(_exchange.Request.Fields) is not { } asked)
        {
            return false;
        }

        var allowed = asked > Action.GrpcTimeoutOffset ? asked - Action.GrpcTimeoutOffset : asked;
        allowed = most > TimeSpan.Zero && allowed > most ? most : allowed;
        if (!Action.GrpcTimeoutReplaces && Action.Timeout > TimeSpan.Zero && Action.Timeout < allowed)
        {
            allowed = Action.Timeout;
        }

        if (allowed < asked)
        {
            Span<byte> text = stackalloc byte[GrpcTimeout.MaxBytes];
            _exchange.Request.Fields.Set(KnownField.GrpcTimeout, text[..GrpcTimeout.Write(text, allowed)]);
        }

        // At least a millisecond: a limit of zero would be none.
        _exchange.Limits.StartDeadline(allowed > TimeSpan.FromMilliseconds(1) ? allowed : TimeSpan.FromMilliseconds(1));
        return true;
    }

    // The try is over and its answer not wanted: true after the wait before the next one, false when the client has got an answer of our own.
    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    private async ValueTask<bool> MayTryAgainAsync(Failure failure, int retry)
    {
        if (failure.IsFailure && !_retries.MayFollow(failure, retry, _body.Retained.IsComplete))
        {
            await EndTryAsync(_attempt);
            await _exchange.AnswerLocallyAsync(failure, failure.Kind == FailureKind.BadRequest ? ViolationStatus() : 0);
            return false;
        }

        await EndTryAsync(_attempt);
        await BackOffAsync(retry + 1);
        if (_exchange.IsClientGone || _exchange.Reached != TimeLimit.None)
        {
            _retries.End();
            await _exchange.AnswerLocallyAsync(_attempt.Classify(default));
            return false;
        }

        return true;
    }

    // By the answer's status, and where the policy asks for that by a call's own status.
    private ValueTask<bool> IsTriedAgainAsync(int retry)
    {
        if (_retries.MayFollow(_exchange.Response.Status, retry, _body.Retained.IsComplete))
        {
            return new ValueTask<bool>(true);
        }

        return _exchange.IsGrpc && _policy is not null && (_policy.On & RetryDecision.GrpcStatuses) != 0 ? IsCallTriedAgainAsync(retry) : default;
    }

    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    private async ValueTask<bool> IsCallTriedAgainAsync(int retry)
    {
        var status = await _attempt.ReceiveCallStatusAsync();
        return status > 0 && _retries.MayFollowCall(status, retry, _body.Retained.IsComplete);
    }

    [AsyncMethodBuilder(typeof(PooledMethodBuilder))]
    private async ValueTask BackOffAsync(int retry)
    {
        _exchange.ForgetTryLimit();

        // A connection that had died in the pool says nothing about the upstream: the next one is tried at once.
        if (_policy is not null && !_exchange.Record.LastAttempt.Reused)
        {
            Upstreams.Metrics.RetriesBackoffExponential++;
            await _exchange.Loop.Events.DelayAsync(BackOff.Next(_policy, retry, _exchange.Loop.Random), Cancelled);
        }
    }

    private ValueTask EndTryAsync(UpstreamAttempt attempt)
    {
        _exchange.Limits.EndTry();
        return attempt.EndTryAsync();
    }

    [AsyncMethodBuilder(typeof(PooledMethodBuilder))]
    private async ValueTask AnswerAsync(UpstreamAttempt attempt)
    {
        _retries.AnswerCame(_exchange.Response.Status);
        // An answer that has begun is not tried again: from here on only the route's own limit counts.
        _exchange.Limits.EndTry();
        var stream = attempt.Upstream!.Stream;
        var response = _exchange.Response;
        Upstreams.Learn(attempt.Upstream.Endpoint, response);
        HopByHop.Remove(response);
        _route.ResponseHeaders.Apply(response, _exchange.Request, _exchange.Record);
        if (IsTunnel || response.Status == 101 || (_exchange.Request.Method == HttpMethod.Connect && response.Status is >= 200 and < 300))
        {
            _exchange.Record.BytesReceived = _body.BytesReceived;
            _exchange.TunnelIdleTimeout = Action.IdleTimeout;
            await Tunnel.RunAsync(_exchange, stream);
            if (_exchange.Reached != TimeLimit.None)
            {
                _exchange.Fail(attempt.Classify(default));
            }

            await EndTryAsync(attempt);
            return;
        }

        // RFC 9110 §10.1.1: a client that was not told to continue may never send its body.
        if (_exchange.Request.ExpectsContinue && !_exchange.Stream.IsBodyReceived && _body.BytesReceived == 0)
        {
            _exchange.KeepAlive = false;
        }

        if (!_exchange.WriteHead())
        {
            await EndTryAsync(attempt);
            await _exchange.AnswerLocallyAsync(new Failure(FailureSide.Upstream, FailureKind.ProtocolError, Cause: "the answer's head is too large to send"));
            return;
        }

        var failure = await ResponseRelay.RunAsync(_exchange, stream, attempt.First);
        if (failure.IsFailure)
        {
            failure = attempt.Classify(failure);
            _exchange.Record.LastAttempt.Failure = failure;
            _exchange.Fail(failure);
            // What the upstream said of the stream, the client hears too (RFC 9113 §8.1: an answer that was cut short is reset).
            _exchange.Stream.Abort(reset: true, failure.Side == FailureSide.Upstream ? stream.PeerReset : null);
            _exchange.KeepAlive = false;
        }
        else if (attempt.Pump.State is PumpState.Running or PumpState.UpstreamFailed or PumpState.ClientFailed)
        {
            // The answer is complete and the request is not: what the client still sends belongs to nobody.
            _exchange.KeepAlive = false;
        }

        await EndTryAsync(attempt);
    }

    private bool AllowsUpgrade(RequestHead request)
    {
        var allowed = Action.Upgrades ?? _exchange.Listener.Http.Upgrades;
        var wanted = request.Fields.Get(KnownField.Upgrade);
        foreach (var name in allowed.AsSpan())
        {
            if (Ascii.EqualsIgnoreCase(wanted, name))
            {
                return true;
            }
        }

        return false;
    }

    private int ViolationStatus() => _attempt.Pump.Failed.Violation == HttpViolation.None ? 0 : HttpViolations.Status(_attempt.Pump.Failed.Violation);
}
