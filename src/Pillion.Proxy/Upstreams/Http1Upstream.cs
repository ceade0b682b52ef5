using Pillion.Net.Http;
using Pillion.Net.Http.Http1;
using Pillion.Proxy.Clusters;

namespace Pillion.Proxy.Upstreams;

/// <summary>An HTTP/1 connection to an endpoint and its place in the pool.</summary>
internal sealed class Http1Upstream : UpstreamStream
{
    private readonly Http1Pool _pool;

    public Http1Upstream(Http1Pool pool, Http1ClientStream stream, DialedFor dialedFor)
    {
        _pool = pool;
        Http1 = stream;
        DialedFor = dialedFor;
        OnClosedByPeer = _ => _pool.ClosedWhileIdle(this);
    }

    public override Endpoint Endpoint => _pool.Endpoint;

    public override ClientStream Stream => Http1;

    public override bool IsFresh => Http1.Requests == 0;

    public Http1ClientStream Http1 { get; }

    /// <summary>Under which identity, and for which client, the connection was made: it serves no other.</summary>
    public DialedFor DialedFor { get; }

    /// <summary>Made once: handing the connection to the pool allocates nothing.</summary>
    public Action<Http1ClientStream> OnClosedByPeer { get; }

    /// <summary>Loop milliseconds at which it became idle.</summary>
    public long IdleSince { get; set; }

    internal bool IsIdle { get; set; }

    internal Http1Upstream? Newer { get; set; }

    internal Http1Upstream? Older { get; set; }

    protected override void GiveBack() => _pool.Return(this);
}
