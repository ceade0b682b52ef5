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
    private readonly RequestPump _pump;
    private readonly TriedEndpoints _tried = new();
    private readonly RetryGate _retries = new();
    private Cluster _cluster = null!;
    private ProxySnapshot? _foundIn;
    private ForwardAction? _foundFor;
    private ClusterLoop _upstreams = null!;
    private Route _route = null!;
    private ForwardAction _action = null!;
    private RetryConfig? _policy;
    private UpstreamStream? _upstream;
    private long _tryStartMicros;
    private bool _isTunnel;
    private bool _isGrpcTimeout;
    private string? _lookupError;

    // The first part of the answer's body, where it was looked at before the answer was passed on.
    private BodyPart? _first;
    private CancellationTokenSource _cancel = new();

    public Forward(Exchange exchange)
    {
        _exchange = exchange;
        _pump = new RequestPump(exchange.Loop.Events)
        {
            Ended = () =>
            {
                _exchange.RequestEnded();
                StartRouteTime();
            },
            Moved = _exchange.Limits.Touch,
        };
    }

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
        _action = action;
        _policy = action.Retry;
        _tried.Clear();
        _lookupError = null;
        _isTunnel = action.TerminateConnect && _exchange.Request.Method == HttpMethod.Connect;
        if (!FindCluster())
        {
            await _exchange.AnswerLocallyAsync(new Failure(FailureSide.Local, FailureKind.NoCluster), action.ClusterNotFoundStatus);
            return;
        }

        Prepare();
        _retries.Begin(_exchange, _cluster, _upstreams.Metrics, _policy);
        _cluster.Budget.RequestBegins();
        _upstreams.Metrics.RequestsActive++;
        try
        {
            for (var retry = 0; ; retry++)
            {
                var failure = await SendAsync();
                while (!failure.IsFailure && !_isTunnel)
                {
                    failure = Judge(await _upstream!.Stream.ReceiveHeadAsync(_exchange.Response, _exchange.Request.Method));
                    if (failure.IsFailure || IsFinal(_exchange.Response))
                    {
                        break;
                    }

                    // Passed on as they come (RFC 9110 §15.2); the first that is not informational is the answer.
                    HopByHop.Remove(_exchange.Response);
                    await _exchange.SendInterimAsync();
                }

                EndAttempt(failure);
                if (!failure.IsFailure && !await IsTriedAgainAsync(retry))
                {
                    await AnswerAsync();
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
            _upstreams.Metrics.RequestsActive--;
            if (_upstream is not null)
            {
                // A bug let an exception through: nothing of this try may reach the next request.
                Cancel();
                await EndTryAsync();
            }

            _retries.End();
            _cluster.Budget.RequestEnds();
            _pump.Clear();
        }
    }

    /// <summary>The client left or a limit passed: whatever is under way towards the upstream ends now.</summary>
    public void Cancel()
    {
        // One or the other: what the first wakes may have begun the next try by the time it returns.
        if (_upstream is { } upstream)
        {
            upstream.Stream.Abort(reset: true);
        }
        else
        {
            _cancel.Cancel();
        }
    }

    // Ends what has no connection to abort: connecting, and waiting before another try.
    public CancellationToken Cancelled => _cancel.Token;

    private bool FindCluster()
    {
        var record = _exchange.Record;
        record.Cluster = _action.Cluster;

        // An exchange is used again, mostly for the same route: then its cluster need not be looked up by name.
        if (ReferenceEquals(_foundIn, _exchange.Snapshot) && ReferenceEquals(_foundFor, _action))
        {
            return true;
        }

        if (!_exchange.Snapshot.Clusters.TryGetValue(_action.Cluster, out var cluster))
        {
            return false;
        }

        _foundIn = _exchange.Snapshot;
        _foundFor = _action;
        _cluster = cluster;
        _upstreams = cluster.On(_exchange.Loop);
        return true;
    }

    private void Prepare()
    {
        var request = _exchange.Request;
        request.WantsUpgrade = request.WantsUpgrade && AllowsUpgrade(request);
        HopByHop.Remove(request);
        _route.RequestHeaders.Apply(request, _exchange.Record);
        _action.Rewrite(request);
        _exchange.Wish.Labels = _action.Labels;
        if (_upstreams.GoesByHash)
        {
            _action.Hash?.Apply(_exchange);
        }

        // Over HTTP/2 any request may come back unworked on.
        var retains = _policy is not null || request.IsIdempotent || _cluster.Config.Protocol != HttpProtocol.Http1;
        _pump.Reset(retains ? _policy?.MaxBodyBytes ?? DefaultRetainedBytes : 0);
        _exchange.Limits.StartIdle(_action.IdleTimeout ?? _exchange.Listener.Http.StreamIdleTimeout);
        _isGrpcTimeout = _exchange.IsGrpc && _action.GrpcTimeoutMax is not null && StartGrpcDeadline(_action.GrpcTimeoutMax.Value);
        if (_exchange.Stream.IsBodyReceived)
        {
            StartRouteTime();
        }
    }

    private void StartRouteTime()
    {
        if (!_isGrpcTimeout || !_action.GrpcTimeoutReplaces)
        {
            _exchange.Limits.StartRoute(_action.Timeout);
        }
    }

    // The client's own time counts from the head on; the upstream is told what is left of it where that is less.
    private bool StartGrpcDeadline(TimeSpan most)
    {
        if (GrpcTimeout.Read(_exchange.Request.Fields) is not { } asked)
        {
            return false;
        }

        var allowed = asked > _action.GrpcTimeoutOffset ? asked - _action.GrpcTimeoutOffset : asked;
        allowed = most > TimeSpan.Zero && allowed > most ? most : allowed;
        if (!_action.GrpcTimeoutReplaces && _action.Timeout > TimeSpan.Zero && _action.Timeout < allowed)
        {
            allowed = _action.Timeout;
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
        if (failure.IsFailure && !_retries.MayFollow(failure, retry, _pump.Retained.IsComplete))
        {
            await EndTryAsync();
            await _exchange.AnswerLocallyAsync(failure, failure.Kind == FailureKind.BadRequest ? ViolationStatus() : 0);
            return false;
        }

        await EndTryAsync();
        await BackOffAsync(retry + 1);
        if (_exchange.IsClientGone || _exchange.Reached != TimeLimit.None)
        {
            _retries.End();
            await _exchange.AnswerLocallyAsync(Classify(default));
            return false;
        }

        return true;
    }

    // Begins a try: a default failure means that the request is on its way and the connection is held.
    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    private async ValueTask<Failure> SendAsync()
    {
        var record = _exchange.Record;
        _tryStartMicros = _exchange.ElapsedMicros;
        var endpoint =
            _cluster.Hosts is not null ? await FindNamedHostAsync(_cluster.Hosts) :
            _upstreams.Original is not null ? _upstreams.FindOriginal(_exchange.Stream.Local) :
            _upstreams.Pick(_tried, _exchange.Wish);
        _exchange.Endpoint = endpoint;
        ref var attempt = ref record.AddAttempt();
        attempt.StartMicros = _tryStartMicros;
        if (endpoint is null)
        {
            return _lookupError is null ? Classify(_cluster.WhyNoEndpoint(_exchange.Loop, _exchange.Stream.Local, _exchange.Wish)) : new Failure(FailureSide.Upstream, FailureKind.NameNotResolved, Cause: _lookupError);
        }

        attempt.Endpoint = record.UpstreamHost = endpoint.Text;
        _tried.Add(endpoint);
        _upstreams.Metrics.RequestsTotal++;
        endpoint.RequestBegins();
        if (_policy is { PerTryTimeout.Ticks: > 0 })
        {
            _exchange.Limits.StartTry(_policy.PerTryTimeout);
        }

        var demand = new UpstreamDemand(new ProxiedClient(_exchange.Stream.Remote, _exchange.Stream.Local), _exchange.Request.Version, _isTunnel, _exchange.Request.WantsUpgrade);
        var lease = await _upstreams.Pool.RentAsync(endpoint, demand, _exchange.Limits.Answer, Cancelled);
        if (lease.Upstream is null)
        {
            endpoint.RequestEnds();
            return Classify(lease.Failure);
        }

        _upstream = lease.Upstream;
        if (_exchange.IsClientGone || _exchange.Reached != TimeLimit.None)
        {
            return Classify(default);
        }

        if (record.UpstreamStartedMicros < 0)
        {
            // A pooled connection was there at once.
            record.UpstreamStartedMicros = _upstream.IsFresh ? _exchange.ElapsedMicros : _tryStartMicros;
        }

        if (_isTunnel)
        {
            // CONNECT ends here: the connection itself is the answer (RFC 9110 §9.3.6).
            _exchange.Response.Clear();
            _exchange.Response.Status = 200;
            _exchange.Response.SetReason("Connection established"u8);
            return default;
        }

        var stream = _upstream.Stream;
        var request = _exchange.Request;
        if (_action.AutoHostRewrite && endpoint.HostNameBytes is { } name)
        {
            request.SetAuthority(name);
        }

        if (!stream.WriteHead(request))
        {
            return new Failure(FailureSide.Local, FailureKind.Internal, Cause: "the request's head is too large to send");
        }

        if (_exchange.Stream.IsBodyReceived && _pump.Retained.Length == 0)
        {
            var sent = await stream.FinishAsync(null);
            if (!sent.IsOk)
            {
                return Classify(Terminated(sent.Describe(), receivedAnything: false));
            }
        }
        else
        {
            _pump.Start(_exchange.Stream, stream);
        }

        return default;
    }

    // A host that is not known yet is looked up off the loop; the await comes back to it.
    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    private async ValueTask<Endpoint?> FindNamedHostAsync(DynamicHosts hosts)
    {
        var request = _exchange.Request;
        try
        {
            var host = await hosts.FindAsync(request.Authority, request.IsHttps ? 443 : 80, Cancelled);
            _lookupError = host.Error;
            return host.Endpoint;
        }
        catch (OperationCanceledException)
        {
            // The client left or a limit passed; the exchange knows which.
            return null;
        }
    }

    // By the answer's status, and where the policy asks for that by a call's own status: in the head, or in the trailers of an answer without a body.
    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    private async ValueTask<bool> IsTriedAgainAsync(int retry)
    {
        _first = null;
        var response = _exchange.Response;
        if (_retries.MayFollow(response.Status, retry, _pump.Retained.IsComplete))
        {
            return true;
        }

        if (!_exchange.IsGrpc || _policy is null || (_policy.On & RetryDecision.GrpcStatuses) == 0)
        {
            return false;
        }

        var status = GrpcStatus.Read(response.Fields);

        // With all of the request sent, nothing that the client does is waited for: the first that comes is a message or the status.
        if (status < 0 && response.Body != BodyKind.None && _pump.State is PumpState.Idle or PumpState.Complete)
        {
            var part = await _upstream!.Stream.ReceiveBodyAsync();
            if (part.Event == BodyEvent.End)
            {
                status = GrpcStatus.Read(_upstream.Stream.Trailers);
            }

            _first = part;
        }

        return status > 0 && _retries.MayFollowCall(status, retry, _pump.Retained.IsComplete);
    }

    private static bool IsFinal(ResponseHead response) => response.Status is >= 200 or 101;

    private Failure Judge(HeadResult head)
    {
        var stream = _upstream!.Stream;
        switch (head.Outcome)
        {
            case HeadOutcome.Violated:
                return Classify(new Failure(FailureSide.Upstream, FailureKind.ProtocolError, true, stream.IsReused, true, HttpViolations.Sentence(head.Violation)));

            case HeadOutcome.Ended or HeadOutcome.Failed:
                return Classify(Terminated(head.Outcome == HeadOutcome.Ended ? "closed" : new IoResult(0, head.Error).Describe(), head.BytesSeen));
        }

        _exchange.Limits.Touch();
        if (_exchange.Response.Status == 101 && (!_exchange.Request.WantsUpgrade || _pump.State is not (PumpState.Idle or PumpState.Complete)))
        {
            // RFC 9110 §7.8: only to a protocol that was asked for, and behind the whole request. What this connection speaks now is unknown.
            stream.Abort(reset: true);
            return Classify(new Failure(FailureSide.Upstream, FailureKind.ProtocolError, true, stream.IsReused, true, "it switched protocols unasked"));
        }

        return default;
    }

    private Failure Terminated(string cause, bool receivedAnything)
    {
        var stream = _upstream!.Stream;
        return stream.WasRefused
            ? new Failure(FailureSide.Upstream, FailureKind.RefusedStream, Reused: stream.IsReused, Cause: cause)
            // A reset of the stream was said of this request; only the end of the whole connection may have met one that had been idle.
            : new Failure(FailureSide.Upstream, FailureKind.ConnectionTerminated, stream.SentAnything, stream.IsReused && stream.PeerReset is null, receivedAnything, cause);
    }

    private Failure Classify(in Failure failure) => FailureCause.Of(failure, _exchange, _pump, _upstream?.Stream);

    private void EndAttempt(in Failure failure)
    {
        ref var attempt = ref _exchange.Record.LastAttempt;
        var now = _exchange.ElapsedMicros;
        attempt.DurationMicros = now - _tryStartMicros;
        attempt.Failure = failure;
        attempt.Reused = _upstream?.Stream.IsReused ?? false;
        if (!failure.IsFailure)
        {
            attempt.Status = _exchange.Response.Status;
            _exchange.Record.UpstreamAnsweredMicros = now;
        }

        _upstreams.Metrics.CountAttempt(attempt);
        if (_exchange.Endpoint is { } endpoint)
        {
            _upstreams.Learn(endpoint, attempt);
        }
    }

    [AsyncMethodBuilder(typeof(PooledMethodBuilder))]
    private async ValueTask BackOffAsync(int retry)
    {
        _exchange.ForgetTryLimit();
        if (_exchange is { IsClientGone: false, Reached: TimeLimit.None } && _cancel.IsCancellationRequested)
        {
            // It was the try's own limit that cancelled.
            _cancel = new CancellationTokenSource();
        }

        // A connection that had died in the pool says nothing about the upstream: the next one is tried at once.
        if (_policy is not null && !_exchange.Record.LastAttempt.Reused)
        {
            _upstreams.Metrics.RetriesBackoffExponential++;
            await _exchange.Loop.Events.DelayAsync(BackOff.Next(_policy, retry, _exchange.Loop.Random), Cancelled);
        }
    }

    // Nothing uses either stream's buffers once this has completed; the connection goes back to the pool or is closed.
    private ValueTask EndTryAsync()
    {
        _exchange.Limits.EndTry();
        if (_upstream is not { } upstream)
        {
            return default;
        }

        if (_pump.State is PumpState.Running or PumpState.UpstreamFailed)
        {
            upstream.Stream.Abort(reset: true);
        }

        var stop = _pump.StopAsync();
        if (!stop.IsCompletedSuccessfully)
        {
            return EndTryBehindAsync(stop, upstream);
        }

        // A completed task may come from a pool: taking its result gives it back.
        stop.GetAwaiter().GetResult();
        EndTry(upstream);
        return default;
    }

    [AsyncMethodBuilder(typeof(PooledMethodBuilder))]
    private async ValueTask EndTryBehindAsync(ValueTask stop, UpstreamStream upstream)
    {
        await stop;
        EndTry(upstream);
    }

    private void EndTry(UpstreamStream upstream)
    {
        if (!_exchange.IsTunnel)
        {
            _exchange.Record.BytesReceived = _pump.BytesReceived;
        }

        _upstream = null;
        upstream.Endpoint.RequestEnds();
        upstream.Return();
    }

    [AsyncMethodBuilder(typeof(PooledMethodBuilder))]
    private async ValueTask AnswerAsync()
    {
        _retries.AnswerCame(_exchange.Response.Status);
        // An answer that has begun is not tried again: from here on only the route's own limit counts.
        _exchange.Limits.EndTry();
        var stream = _upstream!.Stream;
        var response = _exchange.Response;
        _upstreams.Learn(_upstream.Endpoint, response);
        HopByHop.Remove(response);
        _route.ResponseHeaders.Apply(response, _exchange.Request, _exchange.Record);
        _action.Hash?.Answer(_exchange);
        if (_isTunnel || response.Status == 101 || (_exchange.Request.Method == HttpMethod.Connect && response.Status is >= 200 and < 300))
        {
            _exchange.Record.BytesReceived = _pump.BytesReceived;
            _exchange.TunnelIdleTimeout = _action.IdleTimeout;
            await Tunnel.RunAsync(_exchange, stream);
            if (_exchange.Reached != TimeLimit.None)
            {
                _exchange.Fail(Classify(default));
            }

            await EndTryAsync();
            return;
        }

        // RFC 9110 §10.1.1: a client that was not told to continue may never send its body.
        if (_exchange.Request.ExpectsContinue && !_exchange.Stream.IsBodyReceived && _pump.BytesReceived == 0)
        {
            _exchange.KeepAlive = false;
        }

        if (!_exchange.WriteHead())
        {
            await EndTryAsync();
            await _exchange.AnswerLocallyAsync(new Failure(FailureSide.Upstream, FailureKind.ProtocolError, Cause: "the answer's head is too large to send"));
            return;
        }

        var failure = await ResponseRelay.RunAsync(_exchange, stream, _first);
        if (failure.IsFailure)
        {
            failure = Classify(failure);
            _exchange.Record.LastAttempt.Failure = failure;
            _exchange.Fail(failure);
            // What the upstream said of the stream, the client hears too (RFC 9113 §8.1: an answer that was cut short is reset).
            _exchange.Stream.Abort(reset: true, failure.Side == FailureSide.Upstream ? stream.PeerReset : null);
            _exchange.KeepAlive = false;
        }
        else if (_pump.State is PumpState.Running or PumpState.UpstreamFailed or PumpState.ClientFailed)
        {
            // The answer is complete and the request is not: what the client still sends belongs to nobody.
            _exchange.KeepAlive = false;
        }

        await EndTryAsync();
    }

    private bool AllowsUpgrade(RequestHead request)
    {
        var allowed = _action.Upgrades ?? _exchange.Listener.Http.Upgrades;
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

    private int ViolationStatus() => _pump.Failed.Violation == HttpViolation.None ? 0 : HttpViolations.Status(_pump.Failed.Violation);
}
