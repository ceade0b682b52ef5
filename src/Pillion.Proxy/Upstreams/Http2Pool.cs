using System.Runtime.CompilerServices;
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
internal sealed class Http2Pool(UpstreamPool owner, EndpointPool pool, EventLoop loop, Endpoint endpoint, ClusterConfig config, ClusterMetrics metrics)
{
    private readonly List<Http2Upstream> _open = [];

    public Endpoint Endpoint => endpoint;

    public int Count => _open.Count;

    /// <summary>Called when it is known of a further connection whether it takes upgrades, or the connection has ended before.</summary>
    public required Action UpgradesLearnt { private get; init; }

    /// <summary>A stream on a connection that is there; null where there is none with room.</summary>
    public Http2Lease? TryOpen(DialedFor wanted, bool isUpgrade)
    {
        // By number: a connection that has used up its streams leaves the list when it is asked for one more.
        for (var i = 0; i < _open.Count; i++)
        {
            var upstream = _open[i];
            if (upstream.DialedFor == wanted && !IsUsedUp(upstream) && (!isUpgrade || upstream.Connection.PeerAllowsExtendedConnect) && upstream.TryOpen() is { } lease)
            {
                return lease;
            }
        }

        return null;
    }

    /// <summary>Whether the connections there are take upgrades; null where there is none, or none that has said so yet.</summary>
    /// <param name="isLearning"><see cref="UpgradesLearnt"/> will be called.</param>
    public bool? LearnUpgrades(DialedFor wanted, out bool isLearning)
    {
        isLearning = false;
        bool? allows = null;
        foreach (var upstream in _open)
        {
            if (upstream.DialedFor != wanted || upstream.Connection.IsClosed)
            {
                continue;
            }

            if (upstream.Connection.HasSettings)
            {
                allows = allows is true || upstream.Connection.PeerAllowsExtendedConnect;
            }
            else
            {
                isLearning = true;
                if (!upstream.AwaitsSettings)
                {
                    upstream.AwaitsSettings = true;
                    _ = AwaitSettingsAsync(upstream);
                }
            }
        }

        isLearning &= allows is not true;
        return isLearning ? null : allows;
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
        if (upstream.IsIdle && !upstream.Connection.IsClosed && (IsUsedUp(upstream) || upstream.Connection.IsGoingAway || owner.IsRetired || endpoint.IsRemoved || !owner.IsCurrent(upstream.DialedFor) || pool.IsWantedElsewhere()))
        {
            upstream.Close();
            return;
        }

        pool.ConnectionFreed();
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
        pool.Closed(byPeer: !upstream.IsClosedByUs);
    }

    /// <summary>Closes what has been idle for too long.</summary>
    public void Sweep()
    {
        for (var i = _open.Count - 1; i >= 0; i--)
        {
            var upstream = _open[i];
            var isOld = config.IdleTimeout > TimeSpan.Zero && loop.Millis - upstream.IdleSince > (long)config.IdleTimeout.TotalMilliseconds;
            if (upstream.IsIdle && !upstream.Connection.IsClosed && (isOld || endpoint.IsRemoved || !owner.IsCurrent(upstream.DialedFor)))
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

    /// <summary>Closes an idle connection; false where there is none.</summary>
    public bool CloseOneIdle()
    {
        foreach (var upstream in _open)
        {
            if (upstream.IsIdle && !upstream.Connection.IsClosed)
            {
                upstream.Close();
                return true;
            }
        }

        return false;
    }

    // Ends with the connection at the latest.
    [AsyncMethodBuilder(typeof(PooledMethodBuilder))]
    private async ValueTask AwaitSettingsAsync(Http2Upstream upstream)
    {
        await upstream.Connection.SettingsAsync();
        UpgradesLearnt();
    }

    private bool IsUsedUp(Http2Upstream upstream) => config.MaxRequestsPerConnection > 0 && upstream.Connection.TotalStreams >= config.MaxRequestsPerConnection;
}
