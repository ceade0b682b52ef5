using System.Runtime.CompilerServices;
using System.Text;
using Pillion.Core.Resilience;
using Pillion.Core.Signals;
using Pillion.Core.Signals.Metrics;
using Pillion.Net.Http;
using Pillion.Net.Http.Http1;
using Pillion.Net.Loop;
using Pillion.Proxy.Clusters;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Filters;
using Pillion.Proxy.Filters.Callers;
using Pillion.Proxy.Filters.Compression;
using Pillion.Proxy.Filters.RateLimits;
using Pillion.Proxy.Filters.SizeLimits;
using Pillion.Proxy.Forwarding.Coding;
using Pillion.Proxy.Grpc;
using Pillion.Proxy.Listeners;
using Pillion.Proxy.Retries;
using Pillion.Proxy.Routing;

namespace Pillion.Proxy.Forwarding;

/// <summary>
/// One request from its head to its access-log line: pin the snapshot, route, answer or forward, and last, always, say what happened
/// (DESIGN §3). Exchanges are reused by their loop; they work on the message model and never know the version of HTTP.
/// </summary>
internal sealed class Exchange : IClientWatcher, ITimeLimited
{
    // A client that shuts down its sending half right behind its request waits for the answer; one whose end comes later has left.
    private const long HalfCloseMillis = 100;

    private readonly Forward _forward;
    private long _startMicros;
    private long _requestEndMillis;
    private RouteFilters _filters = RouteFilters.None;
    private Route? _route;
    private int _filtersPassed;

    public Exchange(ProxyLoop loop)
    {
        Loop = loop;
        Limits = new TimeLimits(loop.Events, this);
        _forward = new Forward(this);
    }

    public ProxyLoop Loop { get; }

    public TimeLimits Limits { get; }

    public ServerStream Stream { get; private set; } = null!;

    public HttpSnapshot Listener { get; private set; } = null!;

    public ProxySnapshot Snapshot { get; private set; } = null!;

    public RequestRecord Record { get; private set; } = null!;

    public RequestHead Request => Stream.Request;

    /// <summary>What the request asks of the choice of its endpoint.</summary>
    public PickWish Wish { get; } = new();

    /// <summary>The endpoint that was chosen last; null when none was.</summary>
    public Endpoint? Endpoint { get; set; }

    /// <summary>The answer's head: the upstream's, edited in place, or our own.</summary>
    public ResponseHead Response { get; set; } = new();

    public HttpMetrics Metrics { get; private set; } = null!;

    /// <summary>Who asks, as far as it was proved.</summary>
    public Caller Caller { get; } = new();

    /// <summary>The origin of a page that a policy lets read the answer; empty where there is none.</summary>
    public BoundedText AllowedOrigin { get; } = new(256);

    /// <summary>An answer of our own may tell this client which rule and which line decided: whoever sits beside us. Others get the kind and the id to ask with.</summary>
    public bool MaySeeDetail => Stream.Remote.IsLoopback;

    /// <summary>What a rate limit said, for the answer's head.</summary>
    public RateOutcome RateOutcome { get; set; }

    /// <summary>How large the request's body may be; null is no limit.</summary>
    public SizeLimitFilter? RequestLimit { get; set; }

    /// <summary>How large the answer's body may be; null is no limit.</summary>
    public SizeLimitFilter? ResponseLimit { get; set; }

    /// <summary>The coding that the client would like the answer in, as far as filters offer it.</summary>
    public WantedCoding WantedCoding { get; set; }

    /// <summary>Encodes or decodes the answer's body between the upstream and the client; null passes it on as it is. Ended with the exchange.</summary>
    public BodyCoder? ResponseCoder { get; private set; }

    /// <summary>The same for the request's body, between the client and the upstream.</summary>
    public BodyCoder? RequestCoder { get; set; }

    /// <summary>What filters want in the head of the answer, whoever makes it.</summary>
    public AnswerFields AnswerFields { get; } = new();

    /// <summary>The connection may carry another request afterwards.</summary>
    public bool KeepAlive { get; set; }

    /// <summary>A gRPC call: what Pillion itself answers is a gRPC status.</summary>
    public bool IsGrpc { get; private set; }

    /// <summary>Nobody waits for the answer any more.</summary>
    public bool IsClientGone { get; private set; }

    /// <summary>The connection closes after this request, as the listener's limit of requests asks.</summary>
    public bool LastOnConnection { get; set; }

    /// <summary>The route's idle time-out for a tunnel; null is the tunnel's own.</summary>
    public TimeSpan? TunnelIdleTimeout { get; set; }

    /// <summary>Both directions carry bytes that are no HTTP; either may end before the other.</summary>
    public bool IsTunnel { get; set; }

    /// <summary>The answer says how many tries there were (Envoy: include_attempt_count_in_response).</summary>
    public bool TellsAttempts { get; set; }

    /// <summary>The limit that ended the exchange, if one did.</summary>
    public TimeLimit Reached { get; private set; }

    /// <summary>The trailers behind the answer that the client got, for the log; the upstream's own are gone with its stream.</summary>
    public FieldList AnswerTrailers { get; } = new();

    /// <summary>An answer's head has been written; no other answer can be made.</summary>
    public bool IsAnswered { get; private set; }

    /// <summary>The client has not taken an informational answer yet.</summary>
    public bool IsSendingInterim { get; private set; }

    /// <summary>The client left or a time limit passed: a filter that waited answers nothing itself.</summary>
    public bool IsOver => IsClientGone || Reached != TimeLimit.None;

    /// <summary>Ends what a filter waits for, when the client leaves or a time limit passes.</summary>
    public CancellationToken Cancelled => _forward.Cancelled;

    /// <summary>Microseconds since the request began.</summary>
    public long ElapsedMicros => Loop.Events.MicrosNow - _startMicros;

    /// <summary>Serves the request whose head is on the stream; true when the connection may carry another.</summary>
    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    public async ValueTask<bool> ServeAsync(ServerStream stream, HttpSnapshot listener, ProxySnapshot snapshot, long startMicros)
    {
        Begin(stream, listener, snapshot, startMicros);
        try
        {
            await AnswerAsync();
        }
        catch (Exception exception)
        {
            // A bug of ours: this exchange ends, the others go on.
            Loop.Unhandled(exception);
            Fail(new Failure(FailureSide.Local, FailureKind.Internal, Cause: exception.GetType().Name));
            stream.Abort(reset: true);
            KeepAlive = false;
        }

        End();
        return KeepAlive;
    }

    /// <summary>Answers a request that could not be read; the connection carries no other.</summary>
    [AsyncMethodBuilder(typeof(PooledMethodBuilder))]
    public async ValueTask RefuseAsync(
        ServerStream stream, HttpSnapshot listener, ProxySnapshot snapshot, long startMicros, Failure failure, HttpViolation violation)
    {
        Begin(stream, listener, snapshot, startMicros);
        KeepAlive = false;
        if (violation != HttpViolation.None)
        {
            Metrics.CountViolation(violation);
        }

        await AnswerLocallyAsync(failure, violation == HttpViolation.None ? 0 : HttpViolations.Status(violation));
        End();
    }

    /// <summary>Ends the exchange with an answer of our own, unless one was already begun: then the client sees a reset.</summary>
    [AsyncMethodBuilder(typeof(PooledMethodBuilder))]
    public async ValueTask AnswerLocallyAsync(Failure failure, int status = 0, int? grpcStatus = null)
    {
        Fail(failure);
        if (IsAnswered || IsClientGone || failure.Kind == FailureKind.ClientGone)
        {
            Stream.Abort(reset: true);
            KeepAlive = false;
            return;
        }

        Record.AnsweredLocally = true;
        await SendOwnAsync(LocalAnswer.Write(this, failure, status, grpcStatus));
    }

    /// <summary>Sends the head in <see cref="Response"/> and this body as an answer of our own.</summary>
    [AsyncMethodBuilder(typeof(PooledMethodBuilder))]
    public async ValueTask SendOwnAsync(ReadOnlyMemory<byte> body)
    {
        Record.AnsweredLocally = true;
        Limits.StartIdle(Listener.Http.StreamIdleTimeout);
        Response.Body = BodyKind.Length;
        Response.ContentLength = body.Length;
        if (Request.Method == HttpMethod.Head || Response.Status is 204 or 304 || (IsGrpc && body.IsEmpty && Request.Version == 20))
        {
            Response.Body = BodyKind.None;
        }

        // What the client still sends of its body would be read as its next request.
        if (!Stream.IsBodyReceived)
        {
            KeepAlive = false;
        }

        WriteHead();
        if (Response.Body == BodyKind.Length && body.Length > 0)
        {
            var slab = Loop.Events.Slabs.Rent(body.Length);
            slab.TryAppend(body.Span);
            Record.BytesSent += body.Length;
            await Stream.SendBodyAsync(slab, body.Length);
            Loop.Events.Slabs.Return(slab);
        }

        if (!(await Stream.FinishAsync(null)).IsOk)
        {
            KeepAlive = false;
        }
    }

    /// <summary>Sends an informational answer. A client that cannot take it is noticed by the answer itself.</summary>
    [AsyncMethodBuilder(typeof(PooledMethodBuilder))]
    public async ValueTask SendInterimAsync(ResponseHead head)
    {
        IsSendingInterim = true;
        await Stream.SendInterimAsync(head);
        IsSendingInterim = false;
    }

    /// <summary>Writes the head in <see cref="Response"/> as the answer; false when it does not fit any buffer.</summary>
    public bool WriteHead()
    {
        IsAnswered = true;
        if (TellsAttempts)
        {
            OuterRetries.Set(Response.Fields, KnownField.XEnvoyAttemptCount, Record.AttemptCount);
        }

        _filters.Answer(this);
        AnswerFields.ApplyTo(Response.Fields);
        Record.Status = Response.Status;
        KeepAlive &= Request.KeepAlive;
        if (KeepAlive && Loop.IsDraining(Listener))
        {
            // HTTP/2 says so by GOAWAY, once for the connection.
            KeepAlive = false;
            Metrics.ConnectionsDrainClose += Request.Version == 20 ? 0 : 1;
        }

        KeepAlive &= !(Response.Body == BodyKind.UntilClose || HeadWriter.EndsWithConnection(Response, Request.Version));
        return Stream.WriteHead(Response, close: !KeepAlive);
    }

    /// <summary>
    /// Takes the request's body from the client, up to so many bytes or a little more, for a filter that looks at it; it is sent on afterwards as if it came now.
    /// False: it failed, or is longer than <paramref name="most"/> where it <paramref name="mustEnd"/> before; the request was answered.
    /// </summary>
    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    public async ValueTask<bool> TakeBodyAsync(TakenBody taken, int most, bool mustEnd)
    {
        if (Request.ExpectsContinue && !Stream.HasBufferedBody)
        {
            // RFC 9110 §10.1.1: it waits to be told, and the upstream, which usually tells, is not asked yet.
            Response.Clear();
            Response.Status = 100;
            await SendInterimAsync(Response);
        }

        Request.ExpectsContinue = false;
        Request.Fields.RemoveAll(KnownField.Expect);
        var result = await taken.TakeAsync(Stream, most);
        if (result.Event == BodyEvent.Failed)
        {
            await AnswerLocallyAsync(result.Violation != HttpViolation.None
                ? new Failure(FailureSide.Downstream, FailureKind.BadRequest, Cause: HttpViolations.Sentence(result.Violation))
                : FailureCause.Of(new Failure(FailureSide.Downstream, FailureKind.ClientGone), this, pump: null, stream: null));
            return false;
        }

        if (mustEnd && taken.Length > most)
        {
            await AnswerLocallyAsync(new Failure(FailureSide.Downstream, FailureKind.RequestTooLarge, Cause: $"a policy that looks at bodies takes {most} bytes"));
            return false;
        }

        Stream = taken;
        if (taken.IsWhole)
        {
            // Nothing more is awaited of the client, though the upstream has none of it yet.
            RequestEnded();
        }

        return true;
    }

    /// <summary>The body that was taken will not be sent anywhere.</summary>
    public void DropTakenBody()
    {
        while (Stream is TakenBody taken)
        {
            Stream = taken.Release();
        }
    }

    /// <summary>Writes the failure into the record, once: the first one is the cause, what follows from it is not.</summary>
    public void Fail(in Failure failure)
    {
        if (!Record.Failure.IsFailure)
        {
            Record.Failure = failure;
            Record.Flags |= FailureTable.For(failure).Flags;
        }
    }

    /// <summary>The answer's body passes through this coder.</summary>
    public void Code(BodyCoder coder)
    {
        ResponseCoder = coder;
        Loop.Coders++;
    }

    /// <summary>A try's own limit ended that try only.</summary>
    public void ForgetTryLimit()
    {
        if (Reached is TimeLimit.PerTry or TimeLimit.PerTryIdle)
        {
            Reached = TimeLimit.None;
        }
    }

    /// <summary>The request's last byte is here: the route's time begins.</summary>
    public void RequestEnded()
    {
        if (Record.RequestReceivedMicros < 0)
        {
            RequestEnded(ElapsedMicros);
        }
    }

    private void RequestEnded(long micros)
    {
        Record.RequestReceivedMicros = micros;
        _requestEndMillis = Loop.Events.Millis;
        Limits.EndRequest();
    }

    public void CountTunnel(int bytes, bool isRequest)
    {
        if (isRequest)
        {
            Record.BytesReceived += bytes;
        }
        else
        {
            Record.BytesSent += bytes;
        }
    }

    void IClientWatcher.ClientLeft(bool isReset)
    {
        if (IsTunnel && !isReset)
        {
            // The tunnel's own receive sees the end and passes it on.
            return;
        }

        var behindRequest = (Stream.IsBodyReceived || Stream is TakenBody { IsWhole: true }) && Loop.Events.Millis - _requestEndMillis <= HalfCloseMillis;
        if (isReset || !behindRequest)
        {
            // Cancelling may end this exchange within the call; the stream is what must not outlive it.
            var stream = Stream;
            IsClientGone = true;
            _forward.Cancel();
            stream.Abort(reset: true);
        }
    }

    void ITimeLimited.TimeLimitReached(TimeLimit limit)
    {
        if (limit == TimeLimit.PerTry && _forward.TryIsLate())
        {
            return;
        }

        // An answer under way cannot be replaced; a send to a client that does not read must not wait for ever. Asked before: cancelling
        // may answer, and end this exchange, within the call.
        var cannotAnswer = IsAnswered || IsSendingInterim;
        var stream = Stream;
        Reached = limit;
        _forward.Cancel();
        if (cannotAnswer)
        {
            stream.Abort(reset: true);
        }
    }

    // Not async itself: what it returns is awaited where the exchange ends.
    private ValueTask AnswerAsync()
    {
        if (Stream.IsBodyReceived)
        {
            // The head was all of it, and time began with the head.
            RequestEnded(0);
        }
        else
        {
            Limits.StartRequest(Listener.Http.RequestTimeout);
        }

        if (Loop.ShedsRequests)
        {
            Loop.Overload.Shed.Count("requests");
            return AnswerLocallyAsync(new Failure(FailureSide.Local, FailureKind.Overloaded, Cause: Loop.OverloadCause));
        }

        if (!ForwardedHeaders.Apply(this))
        {
            return AnswerLocallyAsync(new Failure(FailureSide.Local, FailureKind.LoopDetected));
        }

        var route = Listener.Match(Request);
        if (route is not null)
        {
            Record.VirtualHost = route.VirtualHost;
            Record.Route = route.Name;
            Record.RouteSource = route.Source;
        }

        _route = route;
        _filters = route?.Filters ?? Listener.Filters;
        return _filters.RequestCount == 0 ? ActAsync(route) : FilterAsync(route);
    }

    [AsyncMethodBuilder(typeof(PooledMethodBuilder))]
    private async ValueTask FilterAsync(Route? route)
    {
        for (var i = 0; i < _filters.RequestCount; i++)
        {
            var passes = await _filters[i].RequestAsync(this);
            _filtersPassed += passes ? 1 : 0;
            if (!passes && !IsOver)
            {
                return;
            }

            if (IsOver)
            {
                await EndEarlyAsync();
                return;
            }
        }

        await ActAsync(route);
    }

    // Nothing was asked of any upstream: the client left, or was too slow to send its request.
    private ValueTask EndEarlyAsync() => IsAnswered ? default : AnswerLocallyAsync(FailureCause.Of(default, this, pump: null, stream: null));

    private ValueTask ActAsync(Route? route)
    {
        if (route is null)
        {
            return AnswerLocallyAsync(new Failure(FailureSide.Local, FailureKind.NoRoute));
        }

        if (route.Action is ForwardAction forward)
        {
            return _forward.RunAsync(route, forward);
        }

        Response.Clear();
        ReadOnlyMemory<byte> body = default;
        switch (route.Action)
        {
            case RedirectAction redirect:
                Metrics.Redirects++;
                redirect.Write(Request, Response);
                break;
            case DirectAction direct:
                Metrics.DirectResponses++;
                if (IsGrpc)
                {
                    GrpcStatus.Write(Response, direct.Status == 200 ? 0 : GrpcStatus.OfHttp(direct.Status), Encoding.UTF8.GetString(direct.Body.Span));
                }
                else
                {
                    direct.Write(Response);
                    body = direct.Body;
                }

                break;
        }

        route.ResponseHeaders.Apply(Response, Request, Record);
        return SendOwnAsync(body);
    }

    private void Begin(ServerStream stream, HttpSnapshot listener, ProxySnapshot snapshot, long startMicros)
    {
        Stream = stream;
        Listener = listener;
        Snapshot = snapshot;
        _startMicros = startMicros;
        _requestEndMillis = 0;
        KeepAlive = !LastOnConnection;
        TunnelIdleTimeout = null;
        IsClientGone = false;
        IsAnswered = false;
        IsTunnel = false;
        TellsAttempts = false;
        Reached = TimeLimit.None;
        _filters = RouteFilters.None;
        RateOutcome = default;
        RequestLimit = ResponseLimit = null;
        WantedCoding = default;
        Wish.Clear();
        Endpoint = null;
        _route = null;
        _filtersPassed = 0;
        AnswerFields.Clear();
        _forward.Begin();
        Caller.Begin(stream.Tls);
        AllowedOrigin.Clear();
        Response.Clear();
        Metrics = listener.Metrics(Loop);
        Metrics.RequestsTotal++;
        Metrics.RequestsHttp1 += stream.Request.Version == 20 ? 0 : 1;
        Metrics.RequestsHttp2 += stream.Request.Version == 20 ? 1 : 0;
        Metrics.RequestsActive++;
        Record = Loop.Records.Rent();
        Record.StartedUtcTicks = Loop.UtcTicks;
        Record.Downstream = stream.Remote;
        Record.DownstreamLocal = stream.Local;
        Record.PeerIdentity = stream.Tls is not { Peer: { } peer } tls ? "" : tls.PeerIdentity ?? (peer.UriNames is [var uri, ..] ? uri : peer.Subject);
        Record.Listener = listener.Name;
        Record.UpstreamIsApplication = listener.Direction == TrafficDirection.Inbound;
        Record.Version = Request.Version;
        IsGrpc = GrpcContent.Is(Request.Fields);
        Record.Method.Set(Request.MethodName);
        Record.Authority.Set(Request.Authority);
        Record.Target.Set(Request.Method == HttpMethod.Connect ? Request.Authority : Request.Target);
        stream.ClientWatcher = this;
    }

    private void EndCoding()
    {
        if (ResponseCoder is not null)
        {
            ResponseCoder.Dispose();
            ResponseCoder = null;
            Loop.Coders--;
        }
    }

    private void End()
    {
        Limits.Clear();
        DropTakenBody();
        EndCoding();
        RequestCoder?.Dispose();
        RequestCoder = null;
        Stream.ClientWatcher = null;
        var record = Record;
        if (IsClientGone)
        {
            Fail(new Failure(FailureSide.Downstream, FailureKind.ClientGone));
        }

        record.DurationMicros = ElapsedMicros;
        _filters.Ended(this, _filtersPassed);
        Metrics.RequestsActive--;
        Metrics.BytesReceived += record.BytesReceived;
        Metrics.BytesSent += record.BytesSent;
        Metrics.CountFinished(record);
        _route?.Metrics[Loop.Index].Count(record);
        if (record.PeerIdentity.Length > 0)
        {
            Loop.Peers.Of(record.PeerIdentity).Count(record);
        }

        Listener.Log(Loop, record, Request, Response, AnswerTrailers);
        Listener.Tracer?.End(this);
        AnswerTrailers.Clear();
        Loop.Ended(record, Request, Response);
        Loop.Records.Publish(record);
        Record = null!;
        Stream = null!;
    }
}
