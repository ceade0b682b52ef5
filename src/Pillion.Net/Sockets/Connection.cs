using Pillion.Net.Loop;
using Pillion.Net.Memory;

namespace Pillion.Net.Sockets;

/// <summary>Is told when a peer goes away while nobody is receiving from it.</summary>
internal interface IPeerWatcher
{
    /// <summary>
    /// The peer will send no more (it closed, or closed its sending half), or the connection broke. Told at most once of each, and only what no
    /// receive has reported; bytes that came before may still be there to receive. The connection may be closed from here.
    /// </summary>
    void PeerClosed(Connection connection, bool isReset);
}

/// <summary>
/// A stream of bytes in each direction that lives and dies on one loop. At most one receive and one send are under way at a time.
/// Failures are values; every operation takes a deadline on the loop's clock and a token. Loop thread only.
/// </summary>
internal abstract class Connection(EventLoop loop)
{
    private bool _wasEndTold;
    private bool _wasResetTold;

    public EventLoop Loop { get; } = loop;

    public PeerAddress Local { get; protected init; }

    public PeerAddress Remote { get; protected init; }

    public bool IsClosed { get; protected set; }

    /// <summary>The peer has closed its sending half, or all; what it sent before may still be unread.</summary>
    public virtual bool IsPeerClosed => false;

    /// <summary>Bytes may have arrived that no receive has taken: false is certain as of the loop's last look, true may be mistaken.</summary>
    public abstract bool HasUnread { get; }

    /// <summary>Who to tell when the peer leaves unasked; null is nobody. A watcher that comes after the peer left is told soon, never within the setter.</summary>
    public IPeerWatcher? Watcher
    {
        get;
        set
        {
            if (ReferenceEquals(field, value))
            {
                return;
            }

            field = value;
            _wasEndTold = _wasResetTold = false;
            if (value is not null && !IsClosed)
            {
                OnWatched();
            }
        }
    }

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

    /// <summary>Closes so that the peer sees a reset and not an orderly end: for a message that was cut short. A Unix socket has no reset; its peer sees the end.</summary>
    public abstract void Abort();

    /// <summary>A watcher was set: tell it, deferred, if the peer has already left.</summary>
    protected virtual void OnWatched()
    {
    }

    /// <summary>Tells the watcher what it has not been told yet.</summary>
    protected void TellWatcher(bool isEnded, bool isReset)
    {
        if (Watcher is not { } watcher || IsClosed || _wasResetTold)
        {
            return;
        }

        if (isReset)
        {
            _wasResetTold = true;
            watcher.PeerClosed(this, isReset: true);
        }
        else if (isEnded && !_wasEndTold)
        {
            _wasEndTold = true;
            watcher.PeerClosed(this, isReset: false);
        }
    }

    // A receive into no room would look like the end of the stream.
    private protected static void ThrowIfFull(Slab slab)
    {
        if (slab.Free.IsEmpty)
        {
            throw new InvalidOperationException("a receive needs a slab with room");
        }
    }
}
