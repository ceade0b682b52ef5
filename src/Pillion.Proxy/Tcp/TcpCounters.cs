using Pillion.Core.Signals.Metrics;

namespace Pillion.Proxy.Tcp;

/// <summary>Where a relay counts while it runs: the cells of its stat prefix and of its cluster, of the loop that it runs on.</summary>
internal sealed class TcpCounters(TcpMetrics tcp, ClusterMetrics cluster)
{
    public TcpMetrics Tcp { get; } = tcp;

    public ClusterMetrics Cluster { get; } = cluster;

    /// <summary>Called once, with who spoke first: true the client.</summary>
    public Action<bool>? FirstByte { get; set; }

    public void Received(int bytes, bool isFromClient)
    {
        if (FirstByte is { } told)
        {
            FirstByte = null;
            told(isFromClient);
        }

        if (isFromClient)
        {
            Tcp.BytesReceived += bytes;
        }
        else
        {
            Cluster.BytesReceived += bytes;
        }
    }

    public void Sent(int bytes, bool isFromClient)
    {
        if (isFromClient)
        {
            Cluster.BytesSent += bytes;
        }
        else
        {
            Tcp.BytesSent += bytes;
        }
    }

    /// <summary>A sender is not read until its receiver has taken more.</summary>
    public void Paused(bool isFromClient) => Tcp.PausedReading += isFromClient ? 1 : 0;

    public void Resumed(bool isFromClient) => Tcp.ResumedReading += isFromClient ? 1 : 0;

    /// <summary>Counts the end of a relay: who ended it, and the limits that Envoy counts by name.</summary>
    public void Ended(TcpEnd end)
    {
        Tcp.Ends.Count(end switch
        {
            TcpEnd.ClientClosed => "client_closed",
            TcpEnd.UpstreamClosed => "upstream_closed",
            TcpEnd.ResetByClient => "reset_by_client",
            TcpEnd.ResetByUpstream => "reset_by_upstream",
            TcpEnd.SendFailed => "send_failed",
            TcpEnd.IdleTimeout => "idle_timeout",
            TcpEnd.MaxDuration => "max_duration",
            _ => "stopped",
        });
        switch (end)
        {
            case TcpEnd.IdleTimeout:
                Tcp.IdleTimeouts++;
                break;
            case TcpEnd.MaxDuration:
                Tcp.MaxDurations++;
                break;
        }
    }
}
