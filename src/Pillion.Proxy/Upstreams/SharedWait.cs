using Pillion.Core.Resilience;
using Pillion.Net.Loop;
using Pillion.Net.Sockets;

namespace Pillion.Proxy.Upstreams;

/// <summary>One request's place among those that wait for the same connection; used again for the next request.</summary>
internal sealed class SharedWait(EventLoop loop)
{
    public PendingIo Io { get; } = new(loop);

    /// <summary>Why there is no connection; written before it is woken, so that a later dial cannot change what it tells.</summary>
    public Failure Failure { get; set; }

    internal long Number { get; set; }

    internal SharedWait? Next { get; set; }

    internal SharedWait? Previous { get; set; }
}
