using Pillion.Net.Http.Http1;
using Pillion.Proxy.Clusters;

namespace Pillion.Proxy.Upstreams;

/// <summary>A connection to an endpoint and its place in the pool.</summary>
internal sealed class UpstreamConnection
{
    private readonly UpstreamPool _pool;

    public UpstreamConnection(UpstreamPool pool, Endpoint endpoint, Http1ClientStream stream)
    {
        _pool = pool;
        Endpoint = endpoint;
        Stream = stream;
        OnClosedByPeer = _ => _pool.ClosedWhileIdle(this);
    }

    public Endpoint Endpoint { get; }

    public Http1ClientStream Stream { get; }

    /// <summary>Made once: handing the connection to the pool allocates nothing.</summary>
    public Action<Http1ClientStream> OnClosedByPeer { get; }

    /// <summary>Loop milliseconds at which it became idle.</summary>
    public long IdleSince { get; set; }

    internal bool IsIdle { get; set; }

    internal UpstreamConnection? Newer { get; set; }

    internal UpstreamConnection? Older { get; set; }
}
