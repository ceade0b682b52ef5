using System.Runtime.CompilerServices;
using Pillion.Core.Resilience;
using Pillion.Core.Signals;
using Pillion.Net.Http;
using Pillion.Net.Http.Http1;
using Pillion.Net.Loop;
using Pillion.Net.Sockets;
using Pillion.Proxy.Clusters;
using Pillion.Proxy.Clusters.Dns;
using Pillion.Proxy.Grpc;
using Pillion.Proxy.Upstreams;

namespace Pillion.Proxy.Forwarding;

/// <summary>One try of a request: it picks an endpoint, connects, sends, and waits for the head of the answer. Used again for the next try.</summary>
internal sealed class UpstreamAttempt
{
    private readonly Exchange _exchange;
    private readonly Forward _forward;
    private readonly RequestBody _body;
    private CancellationTokenSource _cancel = new();
    private long _startMicros;
    private bool _isGivenUp;
    private bool _isTold;
    private string? _lookupError;
    private Endpoint? _endpoint;

    public UpstreamAttempt(Exchange exchange, Forward forward, RequestBody body)
    {
        _exchange = exchange;
        _forward = forward;
        _body = body;
        Pump = new RequestPump(exchange.Loop.Events, body);
    }

    public RequestPump Pump { get; }

    /// <summary>The connection's, once there is one.</summary>
    public UpstreamStream? Upstream { get; private set; }

    /// <summary>Where the answer's head is received.</summary>
    public ResponseHead Response { get; set; } = null!;

    /// <summary>The first part of the answer's body, where it was looked at before the answer was passed on.</summary>
    public BodyPart? First { get; private set; }

    /// <summary>Which try of the request it is, from 1.</summary>
    public int Number { get; private set; }

    /// <summary>Set by <see cref="RunAsync"/>: why there is no answer.</summary>
    public Failure Failure { get; private set; }

    /// <summary>Set by <see cref="RunAsync"/>: the status of a gRPC call; -1 where it was not looked at or is not known.</summary>
    public int CallStatus { get; private set; }

    /// <summary>It was begun and holds what it needs; <see cref="EndTryAsync"/> gives that back.</summary>
    public bool IsUnderWay { get; private set; }

    /// <summary>The answer's interim heads are passed on to the client.</summary>
    public bool PassesInterims { get; set; } = true;

    /// <summary>Begins: a default failure means that the request is on its way and the connection is held.</summary>
    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    public async ValueTask<Failure> SendAsync()
    {
        var record = _exchange.Record;
        var upstreams = _forward.Upstreams;
        if (_cancel.IsCancellationRequested)
        {
            _cancel = new CancellationTokenSource();
        }

        IsUnderWay = true;
        First = null;
        _isGivenUp = false;
        _isTold = true;
        _lookupError = null;
        Pump.Reset();
        _startMicros = _exchange.ElapsedMicros;
        var endpoint =
            _forward.Cluster.Hosts is { } hosts ? await FindNamedHostAsync(hosts) :
            upstreams.Original is not null ? upstreams.FindOriginal(_exchange.Stream.Local) :
            upstreams.Pick(_forward.Tried, _exchange.Wish);
        _endpoint = _exchange.Endpoint = endpoint;
        ref var attempt = ref record.AddAttempt();
        Number = record.AttemptCount;
        attempt.StartMicros = _startMicros;
        if (endpoint is null)
        {
            return _lookupError is null ? Classify(_forward.Cluster.WhyNoEndpoint(_exchange.Loop, _exchange.Stream.Local, _exchange.Wish)) : new Failure(FailureSide.Upstream, FailureKind.NameNotResolved, Cause: _lookupError);
        }

        attempt.Endpoint = record.UpstreamHost = endpoint.Text;
        _forward.Tried.Add(endpoint);
        upstreams.Metrics.RequestsTotal++;
        endpoint.RequestBegins();
        _forward.TryBegins();

        var demand = new UpstreamDemand(new ProxiedClient(_exchange.Stream.Remote, _exchange.Stream.Local), _exchange.Request.Version, _forward.IsTunnel, _exchange.Request.WantsUpgrade, _forward.Action.Priority);
        var lease = await upstreams.Pool.RentAsync(endpoint, demand, _forward.TryEnd, _cancel.Token);
        if (lease.Upstream is null)
        {
            endpoint.RequestEnds();
            if (lease.Reached is { } limit)
            {
                record.AddVerdict("circuit_breaker", limit.Outcome, limit.Source);
            }

            return Classify(lease.Failure);
        }

        Upstream = lease.Upstream;
        if (_exchange.IsOver || _cancel.IsCancellationRequested)
        {
            return Classify(default);
        }

        if (record.UpstreamStartedMicros < 0)
        {
            // A pooled connection was there at once.
            record.UpstreamStartedMicros = Upstream.IsFresh ? _exchange.ElapsedMicros : _startMicros;
        }

        if (_forward.IsTunnel)
        {
            // CONNECT ends here: the connection itself is the answer (RFC 9110 §9.3.6).
            Response.Clear();
            Response.Status = 200;
            Response.SetReason("Connection established"u8);
            return default;
        }

        var stream = Upstream.Stream;
        var request = _exchange.Request;
        if (_forward.Action.AutoHostRewrite && endpoint.HostNameBytes is { } name)
        {
            request.SetAuthority(name);
        }

        _forward.Announce(request);
        _exchange.Listener.Tracer?.BeginAttempt(_exchange, ref record.AttemptAt(Number));
        if (!stream.WriteHead(request))
        {
            return new Failure(FailureSide.Local, FailureKind.Internal, Cause: "the request's head is too large to send");
        }

        if (_exchange.Stream.IsBodyReceived && _body.Retained.Length == 0)
        {
            var sent = await stream.FinishAsync(null);
            if (!sent.IsOk)
            {
                return Classify(Terminated(sent.Describe(), receivedAnything: false));
            }
        }
        else
        {
            Pump.Start(_exchange.Stream, stream);
        }

        return default;
    }

    /// <summary>Waits for the head of the answer behind what is only informational; a default failure means that it is here.</summary>
    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    public async ValueTask<Failure> ReceiveHeadAsync()
    {
        while (true)
        {
            var failure = Judge(await Upstream!.Stream.ReceiveHeadAsync(Response, _exchange.Request.Method));
            if (failure.IsFailure || Response.Status is >= 200 or 101)
            {
                return failure;
            }

            if (PassesInterims)
            {
                // Passed on as they come (RFC 9110 §15.2); the first that is not informational is the answer.
                HopByHop.Remove(Response);
                await _exchange.SendInterimAsync(Response);
            }
        }
    }

    /// <summary>The status of a gRPC call, from the head of its answer or from the trailers of one without a body; -1 where a message comes first.</summary>
    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    public async ValueTask<int> ReceiveCallStatusAsync()
    {
        var status = GrpcStatus.Read(Response.Fields);

        // With all of the request sent, nothing that the client does is waited for: the first that comes is a message or the status.
        if (status < 0 && Response.Body != BodyKind.None && Pump.State is PumpState.Idle or PumpState.Complete)
        {
            var part = await Upstream!.Stream.ReceiveBodyAsync();
            if (part.Event == BodyEvent.End)
            {
                status = GrpcStatus.Read(Upstream.Stream.Trailers);
            }

            First = part;
        }

        return status;
    }

    /// <summary>All of the above in turn, for a try that is not alone.</summary>
    /// <param name="looksAtCall">The status of a gRPC call decides whether its answer is wanted.</param>
    [AsyncMethodBuilder(typeof(PooledMethodBuilder))]
    public async ValueTask RunAsync(bool looksAtCall)
    {
        CallStatus = -1;
        Failure = await SendAsync();
        if (!Failure.IsFailure)
        {
            Failure = await ReceiveHeadAsync();
        }

        EndAttempt(Failure);
        if (looksAtCall && !Failure.IsFailure)
        {
            CallStatus = await ReceiveCallStatusAsync();
        }
    }

    /// <summary>Writes down what came of it. Its answer may still have to be passed on.</summary>
    public void EndAttempt(in Failure failure)
    {
        ref var attempt = ref _exchange.Record.AttemptAt(Number);
        var now = _exchange.ElapsedMicros;
        attempt.DurationMicros = now - _startMicros;
        attempt.Failure = failure.IsFailure && _isGivenUp ? new Failure(FailureSide.Local, FailureKind.PerTryTimeout, Cause: "another try answered first") : failure;
        attempt.Reused = Upstream?.Stream.IsReused ?? false;
        if (!failure.IsFailure)
        {
            attempt.Status = Response.Status;
            _exchange.Record.UpstreamAnsweredMicros = now;
        }

        if (_isGivenUp)
        {
            // It failed because we wanted it to: that says nothing of the upstream.
            _forward.Upstreams.Metrics.ResetsSent++;
            return;
        }

        _forward.Upstreams.Metrics.CountAttempt(attempt);
        if (_endpoint is { } endpoint)
        {
            _forward.Upstreams.Learn(endpoint, attempt);
            TellOutliers(endpoint, failure);
        }

        if (failure.Kind == FailureKind.PerTryTimeout && _exchange.Reached == TimeLimit.PerTryIdle)
        {
            _forward.Upstreams.Metrics.PerTryIdleTimeouts++;
        }
    }

    /// <summary>Its answer broke off behind the head.</summary>
    public void BrokeOff(in Failure failure)
    {
        _isTold = true;
        _forward.Upstreams.Outliers?.Failed(_endpoint!, failure);
    }

    // What is bad is told at once. What began well may still break off, and of a gRPC call the status comes last: that is told at the end. An endpoint whose
    // heads are good and whose bodies are not would else never fail twice in a row.
    private void TellOutliers(Endpoint endpoint, in Failure failure)
    {
        _isTold = failure.IsFailure || (Response.Status >= 500 && !_exchange.IsGrpc);
        if (_forward.Upstreams.Outliers is not { } outliers || !_isTold)
        {
            return;
        }

        if (failure.IsFailure)
        {
            outliers.Failed(endpoint, failure);
        }
        else
        {
            outliers.Answered(endpoint, Response.Status);
        }
    }

    private void TellOutliersAtEnd(UpstreamStream upstream)
    {
        if (_isTold || _forward.Upstreams.Outliers is not { } outliers || _exchange.Record.AttemptAt(Number) is not { Failure.IsFailure: false, Status: > 0 and var answered })
        {
            return;
        }

        _isTold = true;
        var call = -1;
        if (_exchange.IsGrpc && answered == 200)
        {
            call = GrpcStatus.Read(Response.Fields);
            call = call < 0 ? GrpcStatus.Read(upstream.Stream.Trailers) : call;
        }

        outliers.Answered(upstream.Endpoint, _exchange.IsGrpc && answered == 200 ? GrpcStatus.ToHttp(call) : answered);
    }

    /// <summary>Another one answered first.</summary>
    public void GiveUp()
    {
        _isGivenUp = true;
        Cancel();
    }

    /// <summary>Whatever is under way ends now; who awaits it sees it fail.</summary>
    public void Cancel()
    {
        if (Upstream is { } upstream)
        {
            upstream.Stream.Abort(reset: true);
        }
        else
        {
            _cancel.Cancel();
        }
    }

    /// <summary>Nothing uses either stream's buffers once this has completed; the connection goes back to the pool or is closed.</summary>
    public ValueTask EndTryAsync()
    {
        IsUnderWay = false;
        if (Upstream is not { } upstream)
        {
            return default;
        }

        if (Pump.State is PumpState.Running or PumpState.UpstreamFailed)
        {
            upstream.Stream.Abort(reset: true);
        }

        var stop = Pump.StopAsync();
        if (!stop.IsCompletedSuccessfully)
        {
            return EndTryBehindAsync(stop, upstream);
        }

        // A completed task may come from a pool: taking its result gives it back.
        stop.GetAwaiter().GetResult();
        EndTry(upstream);
        return default;
    }

    /// <summary>What lies behind a failure that the connection reports.</summary>
    public Failure Classify(in Failure failure) => FailureCause.Of(failure, _exchange, Pump, Upstream?.Stream);

    // A host that is not known yet is looked up off the loop; the await comes back to it.
    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    private async ValueTask<Endpoint?> FindNamedHostAsync(DynamicHosts hosts)
    {
        var request = _exchange.Request;
        try
        {
            var host = await hosts.FindAsync(request.Authority, request.IsHttps ? 443 : 80, _cancel.Token);
            _lookupError = host.Error;
            return host.Endpoint;
        }
        catch (OperationCanceledException)
        {
            // The client left or a limit passed; the exchange knows which.
            return null;
        }
    }

    private Failure Judge(HeadResult head)
    {
        var stream = Upstream!.Stream;
        switch (head.Outcome)
        {
            case HeadOutcome.Violated:
                return Classify(new Failure(FailureSide.Upstream, FailureKind.ProtocolError, true, stream.IsReused, true, HttpViolations.Sentence(head.Violation)));

            case HeadOutcome.Ended or HeadOutcome.Failed:
                return Classify(Terminated(head.Outcome == HeadOutcome.Ended ? "closed" : new IoResult(0, head.Error).Describe(), head.BytesSeen));
        }

        _exchange.Limits.Touch();
        if (Response.Status == 101 && (!_exchange.Request.WantsUpgrade || Pump.State is not (PumpState.Idle or PumpState.Complete)))
        {
            // RFC 9110 §7.8: only to a protocol that was asked for, and behind the whole request. What this connection speaks now is unknown.
            stream.Abort(reset: true);
            return Classify(new Failure(FailureSide.Upstream, FailureKind.ProtocolError, true, stream.IsReused, true, "it switched protocols unasked"));
        }

        return default;
    }

    private Failure Terminated(string cause, bool receivedAnything)
    {
        var stream = Upstream!.Stream;
        return stream.WasRefused
            ? new Failure(FailureSide.Upstream, FailureKind.RefusedStream, Reused: stream.IsReused, Cause: cause)
            // A reset of the stream was said of this request; only the end of the whole connection may have met one that had been idle.
            : new Failure(FailureSide.Upstream, FailureKind.ConnectionTerminated, stream.SentAnything, stream.IsReused && stream.PeerReset is null, receivedAnything, cause);
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
            _exchange.Record.BytesReceived = _body.BytesReceived;
        }

        TellOutliersAtEnd(upstream);
        Upstream = null;
        upstream.Endpoint.RequestEnds();
        upstream.Return();
    }
}
