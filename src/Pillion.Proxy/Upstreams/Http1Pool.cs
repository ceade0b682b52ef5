using Pillion.Core.Signals.Metrics;
using Pillion.Net.Http;
using Pillion.Net.Http.Http1;
using Pillion.Net.Loop;
using Pillion.Net.Sockets;
using Pillion.Proxy.Clusters;
using Pillion.Proxy.Configuration;

namespace Pillion.Proxy.Upstreams;

/// <summary>
/// The HTTP/1 connections to one endpoint on one loop. The most recently used goes first, so that the rest can grow old and be closed.
/// </summary>
internal sealed class Http1Pool(UpstreamPool owner, EndpointPool pool, EventLoop loop, Endpoint endpoint, ClusterConfig config, ClusterMetrics metrics)
{
    private readonly IdleStack _idle = new();
    private readonly IdleLimit _limit = new(config.IdleTimeout);

    public Endpoint Endpoint => endpoint;

    public int IdleCount => _idle.Count;

    /// <summary>The newest idle connection that may be used; null where there is none.</summary>
    public Http1Upstream? TryTake(DialedFor wanted)
    {
        while (_idle.TryPop(out var connection))
        {
            var stream = connection.Http1;
            stream.ClosedByPeer = null;
            // What an upstream says unasked must never be taken for the answer to the next request.
            if (!stream.IsClosed && !stream.HasUnread && loop.Millis - connection.IdleSince <= _limit.At(loop.Millis) && connection.DialedFor == wanted)
            {
                return connection;
            }

            Destroy(connection);
        }

        return null;
    }

    /// <summary>A connection that was just made.</summary>
    public Http1Upstream Add(Connection connection, DialedFor dialedFor)
    {
        metrics.ConnectionsHttp1++;
        return new Http1Upstream(this, new Http1ClientStream(connection, HttpRules.Default), dialedFor);
    }

    /// <summary>Takes a connection back after its exchange: it is pooled when it can carry another, else closed.</summary>
    public void Return(Http1Upstream connection)
    {
        var limit = config.MaxRequestsPerConnection;
        if (owner.IsRetired || endpoint.IsRemoved || !connection.Http1.IsReusable || !owner.IsCurrent(connection.DialedFor) || (limit > 0 && connection.Http1.Requests >= limit) || pool.IsWantedElsewhere())
        {
            Destroy(connection);
            return;
        }

        Keep(connection);
        pool.ConnectionFreed();
    }

    /// <summary>Puts a connection among the idle ones.</summary>
    public void Keep(Http1Upstream connection)
    {
        connection.IdleSince = loop.Millis;
        connection.Http1.Rest();
        connection.Http1.ClosedByPeer = connection.OnClosedByPeer;
        _idle.Push(connection);
        owner.SweepLater();
    }

    /// <summary>The upstream announced how long it keeps idle connections (Keep-Alive: timeout=N).</summary>
    public void KeepAliveAnnounced(long seconds) => _limit.Announced(seconds, loop.Millis);

    public void ClosedWhileIdle(Http1Upstream connection)
    {
        _limit.ClosedAfter(loop.Millis - connection.IdleSince, loop.Millis);
        if (_idle.Remove(connection))
        {
            Destroy(connection);
        }
    }

    /// <summary>Closes what has been idle for too long. The oldest are at the bottom.</summary>
    public void Sweep()
    {
        while (_idle.TryPeekOldest(out var oldest) && (endpoint.IsRemoved || !owner.IsCurrent(oldest.DialedFor) || loop.Millis - oldest.IdleSince > _limit.At(loop.Millis)))
        {
            _idle.Remove(oldest);
            metrics.ConnectionsIdleTimeout += endpoint.IsRemoved ? 0 : 1;
            Destroy(oldest);
        }
    }

    public void CloseIdle()
    {
        while (_idle.TryPop(out var connection))
        {
            Destroy(connection);
        }
    }

    /// <summary>Closes the connection that has been idle longest; false where there is none.</summary>
    public bool CloseOldest()
    {
        if (!_idle.TryPeekOldest(out var oldest))
        {
            return false;
        }

        _idle.Remove(oldest);
        Destroy(oldest);
        return true;
    }

    private void Destroy(Http1Upstream connection)
    {
        connection.Http1.ClosedByPeer = null;
        var byPeer = connection.Http1.IsPeerClosed;
        connection.Http1.Dispose();
        pool.Closed(byPeer);
    }
}
