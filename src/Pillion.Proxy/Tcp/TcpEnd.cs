namespace Pillion.Proxy.Tcp;

/// <summary>Who ended a relayed connection, and how: the first cause, whatever followed from it.</summary>
internal enum TcpEnd : byte
{
    None,

    /// <summary>The client said first that it will send no more, and the upstream then ended as well.</summary>
    ClientClosed,
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
