using Pillion.Net.Http.Http2;
using Pillion.Net.Sockets;
using Pillion.Proxy.Configuration;

namespace Pillion.Proxy.Upstreams;

/// <summary>An HTTP/2 connection to an endpoint, shared by many requests.</summary>
internal sealed class Http2Upstream : IHttp2Upstream
{
    private readonly Http2Pool _pool;
    private readonly Stack<Http2Lease> _free = new();

    public Http2Upstream(Http2Pool pool, Connection connection, ClusterConfig config, DialedFor dialedFor, long now)
    {
        _pool = pool;
        DialedFor = dialedFor;
        IdleSince = now;
        Connection = new Http2ClientConnection(connection, Net.Http.HttpRules.Default, config.Http2, this);
    }

    public Http2Pool Pool => _pool;

    public Http2ClientConnection Connection { get; }

    /// <summary>Under which identity, and for which client, the connection was made: it serves no other.</summary>
    public DialedFor DialedFor { get; }

    /// <summary>Loop milliseconds at which its last stream ended.</summary>
    public long IdleSince { get; set; }

    /// <summary>Somebody waits for the peer's SETTINGS.</summary>
    public bool AwaitsSettings { get; set; }

    public bool IsIdle => Connection.ActiveStreams == 0;

    /// <summary>It ended because we wanted it to.</summary>
    public bool IsClosedByUs { get; private set; }

    /// <summary>Ends the connection in order; no stream is open on it.</summary>
    public void Close()
    {
        IsClosedByUs = true;
        Connection.Close(goAway: true);
    }

    /// <summary>A stream for one more request; null where the connection takes no more now.</summary>
    public Http2Lease? TryOpen()
    {
        if (Connection.TryOpen() is not { } stream)
        {
            return null;
        }

        var lease = _free.TryPop(out var free) ? free : new Http2Lease(this);
        lease.Begin(stream, isFresh: Connection.TotalStreams == 1);
        return lease;
    }

    public void Returned(Http2Lease lease) => _free.Push(lease);

    void IHttp2Upstream.StreamReleased(Http2ClientConnection connection) => _pool.StreamReleased(this);

    void IHttp2Upstream.GoingAway(Http2ClientConnection connection) => _pool.GoingAway(this);

    void IHttp2Upstream.Closed(Http2ClientConnection connection, IoError error) => _pool.Closed(this);
}
