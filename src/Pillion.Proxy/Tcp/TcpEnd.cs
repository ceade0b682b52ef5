namespace Pillion.Proxy.Tcp;

/// <summary>Who ended a relayed connection, and how: the first thing that went wrong, if anything did.</summary>
internal enum TcpEnd : byte
{
    None,

    /// <summary>Both ended their halves in order, the client first.</summary>
    ClientClosed,

    /// <summary>Both ended their halves in order, the upstream first.</summary>
    UpstreamClosed,

    /// <summary>The client's connection broke: a reset, or the system gave it up.</summary>
    ResetByClient,
    ResetByUpstream,

    /// <summary>A send failed for a reason that is not the peer's reset.</summary>
    SendFailed,

    /// <summary>No byte moved in either direction for the idle time-out.</summary>
    IdleTimeout,

    /// <summary>The connection had lasted as long as one may.</summary>
    MaxDuration,

    /// <summary>Pillion closed it: its listener drained and the grace period was over.</summary>
    Stopped,
}
