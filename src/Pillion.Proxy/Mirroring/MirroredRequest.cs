using System.Runtime.CompilerServices;
using Pillion.Core.Resilience;
using Pillion.Core.Signals;
using Pillion.Net.Http;
using Pillion.Net.Loop;
using Pillion.Proxy.Forwarding;
using Pillion.Proxy.Upstreams;
using Pillion.Proxy.Upstreams.Calls;

namespace Pillion.Proxy.Mirroring;

/// <summary>A copy of a request on its way to a cluster whose answer is read and dropped. It outlives the request; used again for another one.</summary>
internal sealed class MirroredRequest(ProxyLoop loop, MirrorQueue owner)
{
    // What a large body needed is given back.
    private const int KeptBytes = 64 * 1024;

    private readonly RequestHead _head = new();
    private readonly CallAnswer _answer = new() { IsDropped = true };
    private byte[] _body = [];
    private int _length;
    private TimeSpan _timeout;
    private Cluster _cluster = null!;
    private ValueTask _running;

    public Mirror Mirror { get; private set; } = null!;

    /// <summary>Takes the head as it is sent to the upstream.</summary>
    public void Begin(Mirror mirror, Cluster cluster, RequestHead head, TimeSpan timeout)
    {
        Mirror = mirror;
        _cluster = cluster;
        _timeout = timeout;
        _length = 0;
        _head.CopyFrom(head);
        mirror.Mark(_head);
    }

    /// <summary>Takes the body and sends the copy, behind what the loop does now: the request itself goes first.</summary>
    public void Send(RetainedBody body)
    {
        if (_body.Length < body.Length)
        {
            _body = new byte[body.Length];
        }

        foreach (var piece in body.Pieces)
        {
            piece.Filled.CopyTo(_body.AsSpan(_length));
            _length += piece.Length;
        }

        if (_head.Body != BodyKind.None)
        {
            _head.Body = BodyKind.Length;
            _head.ContentLength = _length;
        }

        loop.Events.Defer(static state => ((MirroredRequest)state!).Start(), this);
    }

    /// <summary>It is not sent after all.</summary>
    public void Drop(string why)
    {
        _cluster.On(loop).Metrics.MirrorsDropped.Count(why);
        Return();
    }

    private void Start()
    {
        // Long over: this takes its result, which gives it back to its pool.
        _running.GetAwaiter().GetResult();
        _running = default;
        var running = RunAsync();
        _running = running;
    }

    [AsyncMethodBuilder(typeof(PooledMethodBuilder))]
    private async ValueTask RunAsync()
    {
        var metrics = _cluster.On(loop).Metrics;
        var began = loop.Events.MicrosNow;
        metrics.Mirrored++;
        metrics.RequestsTotal++;
        metrics.RequestsActive++;
        try
        {
            await ClusterCall.AskAsync(loop, _cluster, _head, _body.AsMemory(0, _length), _answer, _timeout, owner.Stopped);
        }
        catch (Exception exception)
        {
            // A bug of ours; nobody waits for this.
            loop.Unhandled(exception);
            _answer.Fail(exception.GetType().Name);
        }

        metrics.RequestsActive--;
        if (_answer.Problem is null)
        {
            metrics.CountAttempt(new Attempt { Status = _answer.Head.Status, DurationMicros = loop.Events.MicrosNow - began });
        }
        else
        {
            metrics.MirrorsDropped.Count(MirrorDrop.Failed);
        }

        Return();
    }

    private void Return()
    {
        if (_body.Length > KeptBytes)
        {
            _body = [];
        }

        owner.Return(this);
    }
}
