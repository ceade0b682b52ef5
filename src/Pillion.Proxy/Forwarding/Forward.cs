using System.Runtime.CompilerServices;
using System.Text;
using Pillion.Core.Resilience;
using Pillion.Core.Signals;
using Pillion.Net.Http;
using Pillion.Net.Http.Http1;
using Pillion.Net.Loop;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Grpc;
using Pillion.Proxy.Mirroring;
using Pillion.Proxy.Retries;
using Pillion.Proxy.Routing;
using Pillion.Proxy.Upstreams;

namespace Pillion.Proxy.Forwarding;

/// <summary>Sends a request to a cluster, again where that is allowed, and relays the answer.</summary>
internal sealed class Forward
{
    // Without a policy: what an idempotent request may need for the one retry that nobody has to ask for.
    private const int DefaultRetainedBytes = 64 * 1024;

    private static readonly ClusterTarget Unchanged = new("");

    private readonly Exchange _exchange;
    private readonly RequestBody _body;
    private readonly UpstreamAttempt _first;
    private readonly RetryGate _retries = new();
    private ProxySnapshot? _foundIn;
    private ClusterTarget? _foundFor;
    private Route _route = null!;
    private RetryPolicy? _policy;
    private RetryBudget _budget = null!;
    private Hedge? _hedge;
    private RequestCopies? _kept;
    private RequestCopies? _copies;
    private ClusterTarget _target = null!;
    private UpstreamAttempt _attempt;
    private int _retry;
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
                _copies?.Send();
            },
            Moved = _exchange.Limits.Touch,
        };
        _attempt = _first = new UpstreamAttempt(exchange, this, _body);
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
        _retry = 0;
        _exchange.TellsAttempts = action.TellsAttempts;
        Tried.Clear();
        IsTunnel = action.TerminateConnect && _exchange.Request.Method == HttpMethod.Connect;
        if (!FindCluster())
        {
            await _exchange.AnswerLocallyAsync(new Failure(FailureSide.Local, FailureKind.NoCluster), action.ClusterNotFoundStatus);
            return;
        }

        // By the request as it came, as its route was found.
        _budget = Cluster.Breakers[action.Priority].Retries;
        _retries.Begin(_exchange, Cluster, Upstreams.Metrics, _policy is not null && _policy.IsFor(_exchange.Request) ? _policy : null, _budget);
        Prepare();
        _budget.RequestBegins();
        Upstreams.Metrics.RequestsActive++;
        _attempt = _first;
        _attempt.Response = _exchange.Response;
        try
        {
            if (Hedges)
            {
                await (_hedge ??= new Hedge(_exchange, this, _body)).RunAsync();
                return;
            }

            while (true)
            {
                var failure = await _attempt.SendAsync();
                if (!failure.IsFailure && !IsTunnel)
                {
                    failure = await _attempt.ReceiveHeadAsync();
                }

                _attempt.EndAttempt(failure);
                if (!failure.IsFailure && !await IsTriedAgainAsync())
                {
                    await AnswerAsync(_attempt);
                    return;
                }

                if (!await MayTryAgainAsync(_attempt, failure))
                {
                    return;
                }
            }
        }
        finally
        {
            Upstreams.Metrics.RequestsActive--;
            if (Hedges && _hedge is not null)
            {
                await _hedge.EndAsync();
            }

            if (_attempt.IsUnderWay)
            {
                // A bug let an exception through: nothing of this try may reach the next request.
                _attempt.Cancel();
                await EndTryAsync(_attempt);
            }

            _retries.End();
            _budget.RequestEnds();
            // Those of a request that did not come to its end; the others have left.
            _copies?.Send();
            _body.Clear();
        }
    }

    /// <summary>The client left or a limit passed: whatever is under way towards the upstream ends now.</summary>
    public void Cancel()
    {
        // One of them: what the first wakes may have begun the next try by the time it returns.
        if (_hedge is { IsRunning: true })
        {
            _hedge.Cancel();
        }
        else if (_attempt.IsUnderWay)
        {
            _attempt.Cancel();
        }
        else
        {
            _cancel.Cancel();
        }
    }

    /// <summary>A late try is not ended but gets another one beside it.</summary>
    public bool Hedges { get; private set; }

    /// <summary>When connecting has to be done.</summary>
    public Deadline TryEnd => Hedges ? _exchange.Limits.Whole : _exchange.Limits.Answer;

    /// <summary>Whether to try a gRPC call again is said by its status.</summary>
    public bool LooksAtCalls => _exchange.IsGrpc && _policy is not null && (_policy.Config.On & RetryDecision.GrpcStatuses) != 0;

    /// <summary>A try has its endpoint: its own time begins.</summary>
    public void TryBegins()
    {
        if (_policy is null)
        {
            return;
        }

        if (_policy.Config.PerTryTimeout > TimeSpan.Zero)
        {
            _exchange.Limits.StartTry(_policy.Config.PerTryTimeout);
        }

        if (_policy.Config.PerTryIdleTimeout > TimeSpan.Zero)
        {
            _exchange.Limits.StartTryIdle(_policy.Config.PerTryIdleTimeout);
        }
    }

    /// <summary>A try's time is over; false where that ends it.</summary>
    public bool TryIsLate()
    {
        if (!Hedges || _hedge is not { IsRunning: true })
        {
            return false;
        }

        Upstreams.Metrics.PerTryTimeouts++;
        _hedge.Late();
        return true;
    }

    /// <summary>Says in the request which try it is, where the next hop is to know.</summary>
    public void Announce(RequestHead request) => _retries.Announce(request, _retry, Action.CountsAttempts);

    /// <summary>The answer is one that the policy would try again.</summary>
    public bool IsNamed(UpstreamAttempt attempt) =>
        RetryDecision.MayRetry(attempt.Response, _exchange.Request, _policy) || (attempt.CallStatus > 0 && _policy is not null && RetryDecision.MayRetryCall(attempt.CallStatus, _policy));

    /// <summary>Another try may follow the answer.</summary>
    public bool MayFollowAnswer(UpstreamAttempt attempt) =>
        _retries.MayFollow(attempt.Response, _retry, _body.Retained.IsComplete)
        || (attempt.CallStatus > 0 && _retries.MayFollowCall(attempt.CallStatus, attempt.Response, _retry, _body.Retained.IsComplete));

    /// <summary>Another try may begin beside those that are late; then it is counted.</summary>
    public bool MayHedge()
    {
        var may = _retries.MayHedge(_retry);
        _retry += may ? 1 : 0;
        return may;
    }

    private bool FindCluster()
    {
        if (Action.ClusterHeader is { } header)
        {
            return FindClusterIn(header);
        }

        // Chosen once: a request that is tried again stays with its cluster.
        _target = Action.PickTarget(_exchange.Request, _exchange.Loop.Random);
        _exchange.Record.Cluster = _target.Cluster;

        // An exchange is used again, mostly for the same route: then its cluster need not be looked up by name.
        if (ReferenceEquals(_foundIn, _exchange.Snapshot) && ReferenceEquals(_foundFor, _target))
        {
            return true;
        }

        if (!_exchange.Snapshot.Clusters.TryGetValue(_target.Cluster, out var cluster))
        {
            return false;
        }

        _foundIn = _exchange.Snapshot;
        _foundFor = _target;
        Use(cluster);
        return true;
    }

    private bool FindClusterIn(ReadOnlySpan<byte> header)
    {
        _foundFor = null;
        _target = Unchanged;
        var fields = _exchange.Request.Fields;
        var index = fields.IndexOf(header);
        var name = index < 0 ? "" : Encoding.Latin1.GetString(fields.Value(index));
        if (!_exchange.Snapshot.Clusters.TryGetValue(name, out var cluster))
        {
            return false;
        }

        _exchange.Record.Cluster = cluster.Name;
        Use(cluster);
        return true;
    }

    private void Use(Cluster cluster)
    {
        Cluster = cluster;
        Upstreams = cluster.On(_exchange.Loop);
    }

    private void Prepare()
    {
        var request = _exchange.Request;
        request.WantsUpgrade = request.WantsUpgrade && AllowsUpgrade(request);
        Hedges = _policy is { Config: { Hedge: true, PerTryTimeout.Ticks: > 0 } } && !IsTunnel && !request.WantsUpgrade && request.Method != HttpMethod.Connect;
        HopByHop.Remove(request);
        _target.RequestHeaders.Apply(request, _exchange.Record);
        _route.RequestHeaders.Apply(request, _exchange.Record);
        Action.Rewrite(request);
        _target.Rewrite(request);
        Copy(request);
        _exchange.Wish.Labels = Action.Labels;
        if (Upstreams.GoesByHash)
        {
            Action.Hash?.Apply(_exchange);
        }

        // Over HTTP/2 any request may come back unworked on.
        var retains = _policy is not null || request.IsIdempotent || Cluster.Config.Protocol != HttpProtocol.Http1;
        _body.Begin(Math.Max(retains ? _policy?.Config.MaxBodyBytes ?? DefaultRetainedBytes : 0, _copies?.RetainBytes ?? 0), _exchange.Stream.IsBodyReceived);
        _body.MaxBytes = _exchange.RequestLimit?.Bytes ?? 0;
        _body.Decoder = _exchange.RequestCoder;
        if (_body.IsReceived)
        {
            _copies?.Send();
        }

        _exchange.Limits.StartIdle(Action.IdleTimeout ?? _exchange.Listener.Http.StreamIdleTimeout);
        _isGrpcTimeout = _exchange.IsGrpc && Action.GrpcTimeoutMax is not null && StartGrpcDeadline(Action.GrpcTimeoutMax.Value);
        if (_exchange.Stream.IsBodyReceived)
        {
            StartRouteTime();
        }
    }

    private void Copy(RequestHead request)
    {
        _copies = null;
        if (Action.Mirrors.Length > 0 && !IsTunnel && !request.WantsUpgrade && request.Method != HttpMethod.Connect)
        {
            _copies = _kept ??= new RequestCopies(_exchange, _body);
            _copies.Begin(Action);
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

    /// <summary>The try is over and its answer not wanted: true after the wait before the next one, false when the client has got an answer of our own.</summary>
    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    public async ValueTask<bool> MayTryAgainAsync(UpstreamAttempt attempt, Failure failure)
    {
        if (failure.IsFailure && !_retries.MayFollow(failure, _retry, _body.Retained.IsComplete))
        {
            await EndTryAsync(attempt);
            await _exchange.AnswerLocallyAsync(failure, failure.Kind == FailureKind.BadRequest ? ViolationStatus(attempt.Pump) : 0);
            return false;
        }

        await EndTryAsync(attempt);
        _retry++;
        await BackOffAsync();
        if (_exchange.IsOver)
        {
            _retries.End();
            await _exchange.AnswerLocallyAsync(attempt.Classify(default));
            return false;
        }

        return true;
    }

    // By the answer's status, and where the policy asks for that by a call's own status.
    private ValueTask<bool> IsTriedAgainAsync() =>
        _retries.MayFollow(_exchange.Response, _retry, _body.Retained.IsComplete) ? new ValueTask<bool>(true) :
        LooksAtCalls ? IsCallTriedAgainAsync() : default;

    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    private async ValueTask<bool> IsCallTriedAgainAsync()
    {
        var status = await _attempt.ReceiveCallStatusAsync();
        return status > 0 && _retries.MayFollowCall(status, _exchange.Response, _retry, _body.Retained.IsComplete);
    }

    [AsyncMethodBuilder(typeof(PooledMethodBuilder))]
    private async ValueTask BackOffAsync()
    {
        _exchange.ForgetTryLimit();

        // A connection that had died in the pool says nothing about the upstream: the next one is tried at once.
        if (_policy is not null && !_exchange.Record.LastAttempt.Reused)
        {
            await _exchange.Loop.Events.DelayAsync(_retries.Wait(_retry), Cancelled);
        }
    }

    private ValueTask EndTryAsync(UpstreamAttempt attempt)
    {
        _exchange.Limits.EndTry();
        return attempt.EndTryAsync();
    }

    /// <summary>Passes the answer on whose head is in <see cref="Exchange.Response"/>.</summary>
    [AsyncMethodBuilder(typeof(PooledMethodBuilder))]
    public async ValueTask AnswerAsync(UpstreamAttempt attempt)
    {
        _attempt = attempt;
        _retries.AnswerCame(_exchange.Response.Status, isRetry: attempt.Number > 1);
        // An answer that has begun is not tried again: from here on only the route's own limit counts.
        _exchange.Limits.TryAnswered();
        _exchange.Endpoint = attempt.Upstream!.Endpoint;
        _exchange.Record.UpstreamHost = _exchange.Endpoint.Text;
        var stream = attempt.Upstream.Stream;
        var response = _exchange.Response;
        Upstreams.Learn(attempt.Upstream.Endpoint, response);
        HopByHop.Remove(response);
        _target.ResponseHeaders.Apply(response, _exchange.Request, _exchange.Record);
        _route.ResponseHeaders.Apply(response, _exchange.Request, _exchange.Record);
        Action.Hash?.Answer(_exchange);
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

        if (_exchange.ResponseLimit is { } limit && response.Body == BodyKind.Length && response.ContentLength > limit.Bytes)
        {
            // It was not asked for its body yet: closing its stream is cheaper than taking all of it.
            await EndTryAsync(attempt);
            await _exchange.AnswerLocallyAsync(limit.Exceeded(_exchange));
            return;
        }

        if (!_exchange.WriteHead())
        {
            await EndTryAsync(attempt);
            await _exchange.AnswerLocallyAsync(new Failure(FailureSide.Upstream, FailureKind.ProtocolError, Cause: "the answer's head is too large to send"));
            return;
        }

        var failure = _exchange.ResponseCoder is { } coder ? await CodedRelay.RunAsync(_exchange, stream, coder, attempt.First) : await ResponseRelay.RunAsync(_exchange, stream, attempt.First);
        if (failure.IsFailure)
        {
            failure = attempt.Classify(failure);
            _exchange.Record.AttemptAt(attempt.Number).Failure = failure;
            attempt.BrokeOff(failure);
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

    private static int ViolationStatus(RequestPump pump) => pump.Failed.Violation == HttpViolation.None ? 0 : HttpViolations.Status(pump.Failed.Violation);
}
