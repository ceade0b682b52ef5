using System.Runtime.CompilerServices;
using Pillion.Core.Resilience;
using Pillion.Net.Http;
using Pillion.Net.Loop;
using Pillion.Proxy.Clusters;
using Pillion.Proxy.Forwarding;
using Pillion.Proxy.Grpc;

namespace Pillion.Proxy.Upstreams.Calls;

/// <summary>
/// A request of Pillion's own to an endpoint (a health check, a question of a policy), bounded in time and size, over the cluster's pooled connections.
/// Loop thread only.
/// </summary>
internal static class ClusterCall
{
    /// <summary>The most of an answer's body that is kept unless said otherwise; a longer one is a problem.</summary>
    public const int UsualMost = 64 * 1024;

    /// <summary>Asks one endpoint of the cluster, the balancer's choice.</summary>
    public static ValueTask AskAsync(
        ProxyLoop loop, Cluster cluster, RequestHead head, ReadOnlyMemory<byte> body, CallAnswer answer, TimeSpan timeout, CancellationToken stop, int most = UsualMost)
    {
        var upstreams = cluster.On(loop);
        if (upstreams.Pick(TriedEndpoints.None) is { } endpoint)
        {
            return AskPickedAsync(loop, upstreams, endpoint, head, body, answer, timeout, stop, most);
        }

        answer.Begin();
        answer.Fail(cluster.WhyNoEndpoint(loop, default).Cause ?? "the cluster has no endpoint that may be used");
        return default;
    }

    // Unlike a health check this is a request like any other: how it ends tells of the endpoint.
    [AsyncMethodBuilder(typeof(PooledMethodBuilder))]
    private static async ValueTask AskPickedAsync(
        ProxyLoop loop, ClusterLoop upstreams, Endpoint endpoint, RequestHead head, ReadOnlyMemory<byte> body, CallAnswer answer, TimeSpan timeout, CancellationToken stop, int most)
    {
        await AskAsync(loop, upstreams, endpoint, new UpstreamDemand(default, head.Version), head, body, answer, timeout, stop, most);
        if (upstreams.Outliers is not { } outliers)
        {
            return;
        }

        if (answer.Problem is null)
        {
            var status = GrpcStatus.Read(answer.Trailers);
            status = status < 0 ? GrpcStatus.Read(answer.Head.Fields) : status;
            outliers.Answered(endpoint, status < 0 ? answer.Head.Status : GrpcStatus.ToHttp(status));
        }
        else
        {
            outliers.Failed(endpoint, new Failure(FailureSide.Upstream, stop.IsCancellationRequested ? FailureKind.ClientGone : answer.IsLate ? FailureKind.RouteTimeout : FailureKind.ConnectionTerminated));
        }
    }

    /// <summary>Asks one endpoint whether it serves: outside of the cluster's limits, and no word about it to outlier detection.</summary>
    /// <param name="reuse">On a connection that is there, which is kept; else on one for this question alone.</param>
    public static ValueTask CheckAsync(
        ProxyLoop loop, ClusterLoop upstreams, Endpoint endpoint, RequestHead head, ReadOnlyMemory<byte> body, CallAnswer answer, TimeSpan timeout, CancellationToken stop, bool reuse = true) =>
        AskAsync(loop, upstreams, endpoint, new UpstreamDemand(default, head.Version, IsCheck: true, IsForOne: !reuse), head, body, answer, timeout, stop, UsualMost);

    /// <param name="head">Its body is <see cref="BodyKind.Length"/> of so many bytes, or none.</param>
    /// <param name="timeout">All together, connecting included.</param>
    [AsyncMethodBuilder(typeof(PooledMethodBuilder))]
    private static async ValueTask AskAsync(
        ProxyLoop loop, ClusterLoop upstreams, Endpoint endpoint, UpstreamDemand demand, RequestHead head, ReadOnlyMemory<byte> body, CallAnswer answer, TimeSpan timeout, CancellationToken stop, int most)
    {
        answer.Begin();
        var deadline = Deadline.After(loop.Events, timeout);
        var lease = await upstreams.Pool.RentAsync(endpoint, demand, deadline, stop);
        if (lease.Upstream is not { } upstream)
        {
            answer.Fail(lease.Failure.Cause ?? "it cannot be connected to", deadline.HasPassed(loop.Events));
            return;
        }

        endpoint.RequestBegins();
        using (var limit = new CallLimit(loop.Events, upstream.Stream, deadline, stop))
        {
            await SendAndReceiveAsync(loop, upstream.Stream, head, body, answer, most);
            if (answer.Problem is not null || demand.IsForOne)
            {
                upstream.Stream.Abort(reset: true);
            }

            if (limit.HasPassed)
            {
                answer.Fail("it did not answer in time", isLate: true);
            }
        }

        endpoint.RequestEnds();
        upstream.Return();
    }

    [AsyncMethodBuilder(typeof(PooledMethodBuilder))]
    private static async ValueTask SendAndReceiveAsync(ProxyLoop loop, ClientStream stream, RequestHead head, ReadOnlyMemory<byte> body, CallAnswer answer, int most)
    {
        if (!stream.WriteHead(head))
        {
            answer.Fail("the question does not fit");
            return;
        }

        // Who takes no more of the question may have answered it already (RFC 9113 §8.1).
        var isSent = await SendAsync(loop, stream, body) && (await stream.FinishAsync(null)).IsOk;
        do
        {
            if ((await stream.ReceiveHeadAsync(answer.Head, head.Method)).Outcome != HeadOutcome.Received)
            {
                answer.Fail(isSent ? "the connection ended before the answer came" : "the connection ended before the question was sent");
                return;
            }
        }
        while (answer.Head.Status is >= 100 and < 200);

        while (true)
        {
            var part = await stream.ReceiveBodyAsync();
            switch (part.Event)
            {
                case BodyEvent.Data:
                    var fits = answer.Add(part.Slab!.Filled[..part.Count], most);
                    part.Slab.Consume(part.Count);
                    if (!fits)
                    {
                        answer.Fail($"its answer is longer than {most} bytes");
                        return;
                    }

                    break;
                case BodyEvent.End:
                    answer.Trailers.AddAll(stream.Trailers);
                    return;
                default:
                    answer.Fail("the connection ended within the answer");
                    return;
            }
        }
    }

    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    private static async ValueTask<bool> SendAsync(ProxyLoop loop, ClientStream stream, ReadOnlyMemory<byte> body)
    {
        while (!body.IsEmpty)
        {
            var slab = loop.Events.Slabs.Rent();
            var count = Math.Min(body.Length, slab.Free.Length);
            slab.TryAppend(body.Span[..count]);
            var sent = await stream.SendBodyAsync(slab, count);
            loop.Events.Slabs.Return(slab);
            if (!sent.IsOk)
            {
                return false;
            }

            body = body[count..];
        }

        return true;
    }

    private sealed class CallLimit : TimerNode, IDisposable
    {
        private readonly EventLoop _loop;
        private readonly ClientStream _stream;
        private readonly CancellationTokenRegistration _stopped;

        // Stopped on the loop.
        public CallLimit(EventLoop loop, ClientStream stream, Deadline deadline, CancellationToken stop)
        {
            _loop = loop;
            _stream = stream;
            loop.Timers.Arm(this, deadline.Millis);
            _stopped = stop.UnsafeRegister(static state => ((CallLimit)state!)._stream.Abort(reset: true), this);
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
