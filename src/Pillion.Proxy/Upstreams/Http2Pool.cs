using Pillion.Core.Signals.Metrics;
using Pillion.Net.Loop;
using Pillion.Net.Sockets;
using Pillion.Proxy.Clusters;
using Pillion.Proxy.Configuration;

namespace Pillion.Proxy.Upstreams;

/// <summary>
/// The HTTP/2 connections to one endpoint on one loop: one, and another only when all streams of those there are in use. A connection that is
/// going away serves its last streams and gets no more.
/// </summary>
internal sealed class Http2Pool(UpstreamPool owner, EventLoop loop, Endpoint endpoint, ClusterConfig config, ClusterMetrics metrics)
{
    private readonly List<Http2Upstream> _open = [];

    public Endpoint Endpoint => endpoint;

    public int Count => _open.Count;

    /// <summary>A stream on a connection that is there; null where there is none with room.</summary>
    public Http2Lease? TryOpen(DialedFor wanted, bool isUpgrade)
    {
        foreach (var upstream in _open)
        {
            if (upstream.DialedFor == wanted && !IsUsedUp(upstream) && (!isUpgrade || upstream.Connection.PeerAllowsExtendedConnect) && upstream.TryOpen() is { } lease)
            {
                return lease;
            }
        }

        return null;
    }

    /// <summary>Waits until the connection there is has said whether it takes upgrades; false when it does not.</summary>
    public async ValueTask<bool> LearnUpgradesAsync(DialedFor wanted)
    {
        foreach (var upstream in _open.ToArray())
        {
            if (upstream.DialedFor == wanted && await upstream.Connection.SettingsAsync() && upstream.Connection.PeerAllowsExtendedConnect)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>A connection that was just made.</summary>
    public Http2Upstream Add(Connection connection, DialedFor dialedFor)
    {
        metrics.ConnectionsHttp2++;
        var upstream = new Http2Upstream(this, connection, config, dialedFor, loop.Millis);
        _open.Add(upstream);
        upstream.Connection.Start();
        owner.SweepLater();
        return upstream;
    }

    public void StreamReleased(Http2Upstream upstream)
    {
        upstream.IdleSince = loop.Millis;
        if (upstream.IsIdle && !upstream.Connection.IsClosed && (IsUsedUp(upstream) || upstream.Connection.IsGoingAway || owner.IsRetired || endpoint.IsRemoved || !owner.IsCurrent(upstream.DialedFor)))
        {
            upstream.Close();
        }
    }

    public void GoingAway(Http2Upstream upstream)
    {
        _open.Remove(upstream);
        if (upstream.IsIdle && !upstream.Connection.IsClosed)
        {
            upstream.Close();
        }
    }

    public void Closed(Http2Upstream upstream)
    {
        _open.Remove(upstream);
        owner.CountClosed(byPeer: !upstream.IsClosedByUs);
    }

    /// <summary>Closes what has been idle for too long.</summary>
    public void Sweep()
    {
        for (var i = _open.Count - 1; i >= 0; i--)
        {
            var upstream = _open[i];
            var isOld = config.IdleTimeout > TimeSpan.Zero && loop.Millis - upstream.IdleSince > (long)config.IdleTimeout.TotalMilliseconds;
            if (upstream.IsIdle && (isOld || endpoint.IsRemoved || !owner.IsCurrent(upstream.DialedFor)))
            {
                metrics.ConnectionsIdleTimeout += isOld ? 1 : 0;
                upstream.Close();
            }
        }
    }

    /// <summary>Closes what is idle; the rest closes behind its last stream.</summary>
    public void CloseIdle()
    {
        foreach (var upstream in _open.Where(upstream => upstream.IsIdle).ToArray())
        {
            upstream.Close();
        }
    }

    private bool IsUsedUp(Http2Upstream upstream) => config.MaxRequestsPerConnection > 0 && upstream.Connection.TotalStreams >= config.MaxRequestsPerConnection;
}
