using Pillion.Net.Linux;
using Pillion.Net.Loop;
using Pillion.Net.Memory;
using Pillion.Net.Tls;

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
    private Slab? _putBack;

    public EventLoop Loop { get; } = loop;

    /// <summary>This side's address; what a PROXY header says of it once one was read.</summary>
    public PeerAddress Local { get; protected set; }

    /// <summary>The peer's address; what a PROXY header says of it once one was read.</summary>
    public PeerAddress Remote { get; protected set; }

    /// <summary>What the TLS handshake settled; null on a connection in the clear.</summary>
    public virtual TlsDetails? Tls => null;

    public bool IsClosed { get; protected set; }

    /// <summary>The peer has closed its sending half, or all; what it sent before may still be unread.</summary>
    public virtual bool IsPeerClosed => false;

    /// <summary>Bytes may have arrived that no receive has taken: false is certain as of the loop's last look, true may be mistaken.</summary>
    public bool HasUnread => _putBack is not null || HasUnreadCore;

    /// <summary>As <see cref="HasUnread"/>, of what was not put back.</summary>
    protected abstract bool HasUnreadCore { get; }

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
    public ValueTask<IoResult> WaitReadableAsync(Deadline deadline = default, CancellationToken cancellationToken = default) =>
        _putBack is null || IsClosed ? WaitReadableCoreAsync(deadline, cancellationToken) : new ValueTask<IoResult>(IoResult.Done(1));

    /// <summary>Receives into the free part of a slab, at least one byte; zero bytes are the end of the stream.</summary>
    public ValueTask<IoResult> ReceiveAsync(Slab slab, Deadline deadline = default, CancellationToken cancellationToken = default) =>
        _putBack is null || IsClosed ? ReceiveCoreAsync(slab, deadline, cancellationToken) : new ValueTask<IoResult>(TakePutBack(slab));

    /// <summary>
    /// Gives received bytes back, to be received again by whoever reads next: how the first bytes tell the protocol and still reach its reader.
    /// The slab belongs to the connection from here on; nothing may be put back before.
    /// </summary>
    public void PutBack(Slab slab)
    {
        Loop.CheckThread();
        if (_putBack is not null)
        {
            throw new InvalidOperationException("bytes were put back twice");
        }

        if (slab.IsEmpty || IsClosed)
        {
            Loop.Slabs.Return(slab);
        }
        else
        {
            _putBack = slab;
        }
    }

    /// <summary>The addresses of a PROXY header take the place of the socket's.</summary>
    public void SetAddresses(PeerAddress remote, PeerAddress local)
    {
        Remote = remote;
        Local = local;
    }

    /// <summary>Where the peer wanted to connect before the kernel redirected it here (SO_ORIGINAL_DST); null where it did not, or cannot be told.</summary>
    public virtual PeerAddress? OriginalDestination() => null;

    /// <summary>A pipe to pass bytes on to another connection inside the system; null where there is none, and they must be received and sent.</summary>
    public SplicePipe? TryRentPipe(Connection to) => _putBack is null && !IsClosed ? TryRentPipeCore(to) : null;

    /// <summary>Moves what has arrived into an empty pipe of <see cref="TryRentPipe"/>; zero bytes are the end. Never waits: what is not there has timed out.</summary>
    public virtual IoResult ReceiveInto(SplicePipe pipe) => throw new NotSupportedException();

    /// <summary>Sends everything in a pipe, as <see cref="SendAsync(Slab, int, Deadline, CancellationToken)"/> does.</summary>
    public virtual ValueTask<IoResult> SendAsync(SplicePipe pipe) => throw new NotSupportedException();

    protected virtual SplicePipe? TryRentPipeCore(Connection to) => null;

    protected abstract ValueTask<IoResult> WaitReadableCoreAsync(Deadline deadline, CancellationToken cancellationToken);

    protected abstract ValueTask<IoResult> ReceiveCoreAsync(Slab slab, Deadline deadline, CancellationToken cancellationToken);

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

    /// <summary>To be called by every close: gives back what was put back.</summary>
    protected void ReleasePutBack()
    {
        if (_putBack is not null)
        {
            Loop.Slabs.Return(_putBack);
            _putBack = null;
        }
    }

    private IoResult TakePutBack(Slab slab)
    {
        ThrowIfFull(slab);
        var from = _putBack!;
        var count = Math.Min(from.Length, slab.Free.Length);
        slab.TryAppend(from.Filled[..count]);
        from.Consume(count);
        if (from.IsEmpty)
        {
            ReleasePutBack();
        }

        return IoResult.Done(count);
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
