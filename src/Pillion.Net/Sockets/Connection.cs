using Pillion.Net.Loop;
using Pillion.Net.Memory;

namespace Pillion.Net.Sockets;

/// <summary>Is told when a peer goes away while nobody is receiving from it.</summary>
internal interface IPeerWatcher
{
    /// <summary>The peer will send no more (it closed, or closed its sending half), or the connection broke.</summary>
    void PeerClosed(Connection connection, bool isReset);
}

/// <summary>
/// A stream of bytes in each direction that lives and dies on one loop. At most one receive and one send are under way at a time.
/// Failures are values; every operation takes a deadline on the loop's clock and a token. Loop thread only.
/// </summary>
internal abstract class Connection(EventLoop loop)
{
    public EventLoop Loop { get; } = loop;

    public PeerAddress Local { get; protected init; }

    public PeerAddress Remote { get; protected init; }

    public bool IsClosed { get; protected set; }

    /// <summary>The peer has closed its sending half, or all; what it sent before may still be unread.</summary>
    public virtual bool IsPeerClosed => false;

    /// <summary>Who to tell when the peer leaves unasked; null is nobody.</summary>
    public IPeerWatcher? Watcher { get; set; }

    /// <summary>Completes when a receive would not wait: bytes, the end or a failure are there. Holds no buffer meanwhile.</summary>
    public abstract ValueTask<IoResult> WaitReadableAsync(Deadline deadline = default, CancellationToken cancellationToken = default);

    /// <summary>Receives into the free part of a slab, at least one byte; zero bytes are the end of the stream.</summary>
    public abstract ValueTask<IoResult> ReceiveAsync(Slab slab, Deadline deadline = default, CancellationToken cancellationToken = default);

    /// <summary>Sends the first <paramref name="count"/> filled bytes of a slab, all of them, and consumes what was sent.</summary>
    public abstract ValueTask<IoResult> SendAsync(Slab slab, int count, Deadline deadline = default, CancellationToken cancellationToken = default);

    /// <summary>Says that no more will be sent; the other direction stays open.</summary>
    public abstract ValueTask<IoResult> ShutdownAsync();

    /// <summary>Closes both directions; operations under way complete with <see cref="IoError.Closed"/>. Once is enough, twice does no harm.</summary>
    public abstract void Close();

    /// <summary>Closes so that the peer sees a reset and not an orderly end: for a message that was cut short.</summary>
    public abstract void Abort();
}
