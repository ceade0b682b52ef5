using Pillion.Net.Loop;
using Pillion.Net.Memory;
using Pillion.Net.Sockets;

namespace Pillion.Net.InMemory;

/// <summary>
/// One end of a connection that never leaves the process. It behaves as a TCP socket does: sends wait when the other end does not read, a close
/// with unread bytes is a reset, the first send to a closed peer is lost and the next one fails.
/// </summary>
internal sealed class MemoryConnection : Connection
{
    private static readonly Action<object?> PeerActed = static state => ((MemoryConnection)state!).OnPeerActed();

    private readonly MemoryPipe _incoming;
    private readonly MemoryPipe _outgoing;
    private readonly PendingIo _receive;
    private readonly PendingIo _send;
    private MemoryConnection? _peer;
    private Slab? _receiveInto;
    private Slab? _sendFrom;
    private int _sendCount;
    private int _sent;
    private bool _isEndReceived;
    private bool _isResetReceived;

    private MemoryConnection(EventLoop loop, MemoryPipe incoming, MemoryPipe outgoing)
        : base(loop)
    {
        _incoming = incoming;
        _outgoing = outgoing;
        _receive = new PendingIo(loop);
        _send = new PendingIo(loop);
    }

    public override bool IsPeerClosed => _incoming.IsEnded || _incoming.IsReset;

    protected override bool HasUnreadCore => _incoming.Available > 0;

    /// <summary>How many bytes sent by this end may be under way before a send waits. Set it before the first send.</summary>
    public int SendCapacity
    {
        get => _outgoing.Capacity;
        set => _outgoing.Capacity = value;
    }

    /// <summary>No receive of this end delivers more bytes than this; 0 is no limit.</summary>
    public int MaxBytesPerReceive { get; set; }

    /// <summary>The connection breaks after this end has sent so many bytes in all; negative is never.</summary>
    public long ResetAfterBytes { get; set; } = -1;

    /// <summary>Where a kernel would say that the peer wanted to go before it was redirected here.</summary>
    public PeerAddress? RedirectedFrom { get; set; }

    /// <summary>Bytes that this end has sent since it was made.</summary>
    public long BytesSent => _outgoing.Written;

    /// <summary>Bytes that the peer has sent and nobody has received yet.</summary>
    public int BytesUnread => _incoming.Available;

    /// <summary>The connecting end, to which nobody has answered yet.</summary>
    public static MemoryConnection Connecting(EventLoop loop, MemoryPipe toClient, MemoryPipe toServer, PeerAddress local, PeerAddress remote) =>
        new(loop, toClient, toServer) { Local = local, Remote = remote };

    /// <summary>The other end of a connecting one; made on the listener's loop.</summary>
    public static MemoryConnection Accepted(EventLoop loop, MemoryConnection client) =>
        new(loop, client._outgoing, client._incoming) { Local = client.Remote, Remote = client.Local, _peer = client };

    /// <summary>Two connected ends without a listener, for tests of whatever works on one connection.</summary>
    public static (MemoryConnection Client, MemoryConnection Server) Pair(EventLoop clientLoop, EventLoop serverLoop, int capacity = MemoryNetwork.DefaultCapacity)
    {
        var local = PeerAddress.From([127, 0, 0, 1], 50_000);
        var remote = PeerAddress.From([127, 0, 0, 1], 80);
        var client = Connecting(clientLoop, new MemoryPipe(capacity), new MemoryPipe(capacity), local, remote);
        var server = Accepted(serverLoop, client);
        client._peer = server;
        return (client, server);
    }

    /// <summary>Waits for the answer to the connect.</summary>
    public ValueTask<IoResult> ConnectedAsync(Deadline deadline, CancellationToken cancellationToken) => _send.Wait(deadline, cancellationToken);

    /// <summary>The listener's answer, on this end's loop; null is a refusal.</summary>
    public void Answer(MemoryConnection? server)
    {
        _peer = server;
        if (IsClosed)
        {
            // It gave up meanwhile; the accepting end could not be told before.
            NotifyPeer();
        }
        else
        {
            _send.Complete(server is null ? IoResult.Fail(IoError.Refused) : IoResult.Done(0));
        }
    }

    public override PeerAddress? OriginalDestination() => RedirectedFrom;

    protected override ValueTask<IoResult> WaitReadableCoreAsync(Deadline deadline, CancellationToken cancellationToken)
    {
        Loop.CheckThread();
        if (IsClosed)
        {
            return new ValueTask<IoResult>(IoResult.Fail(IoError.Closed));
        }

        if (IsReadable)
        {
            return new ValueTask<IoResult>(IoResult.Done(1));
        }

        var task = _receive.Wait(deadline, cancellationToken);
        _receiveInto = null;
        return task;
    }

    protected override ValueTask<IoResult> ReceiveCoreAsync(Slab slab, Deadline deadline, CancellationToken cancellationToken)
    {
        Loop.CheckThread();
        ThrowIfFull(slab);
        if (IsClosed)
        {
            return new ValueTask<IoResult>(IoResult.Fail(IoError.Closed));
        }

        if (!_receive.IsPending && TryReceive(slab, out var result))
        {
            return new ValueTask<IoResult>(result);
        }

        var task = _receive.Wait(deadline, cancellationToken);
        _receiveInto = _receive.IsPending ? slab : null;
        return task;
    }

    public override ValueTask<IoResult> SendAsync(Slab slab, int count, Deadline deadline = default, CancellationToken cancellationToken = default)
    {
        Loop.CheckThread();
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)count, (uint)slab.Length, nameof(count));
        if (IsClosed)
        {
            return new ValueTask<IoResult>(IoResult.Fail(IoError.Closed));
        }

        if (_send.IsPending)
        {
            throw new InvalidOperationException("a send is already under way");
        }

        _sendFrom = slab;
        _sendCount = count;
        _sent = 0;
        if (TrySend(out var result))
        {
            _sendFrom = null;
            return new ValueTask<IoResult>(result);
        }

        return _send.Wait(deadline, cancellationToken);
    }

    public override ValueTask<IoResult> ShutdownAsync()
    {
        Loop.CheckThread();
        if (IsClosed)
        {
            return new ValueTask<IoResult>(IoResult.Fail(IoError.Closed));
        }

        _outgoing.End();
        NotifyPeer();
        return new ValueTask<IoResult>(IoResult.Done(0));
    }

    public override void Close()
    {
        if (IsClosed)
        {
            return;
        }

        Loop.CheckThread();
        IsClosed = true;
        ReleasePutBack();
        // RFC 9293 §3.6.1 (and every kernel): closing with bytes unread loses data, so the peer is told by a reset.
        if (_incoming.Available > 0)
        {
            _outgoing.Reset();
            _incoming.Reset();
        }

        _incoming.CloseReader();
        _outgoing.End();
        NotifyPeer();
        _receiveInto = null;
        _sendFrom = null;
        _receive.Close();
        _send.Close();
    }

    public override void Abort()
    {
        if (!IsClosed)
        {
            _outgoing.Reset();
            _incoming.Reset();
            Close();
        }
    }

    protected override void OnWatched()
    {
        if (IsPeerClosed)
        {
            Loop.Defer(PeerActed, this);
        }
    }

    private bool IsReadable => IsPeerClosed || _incoming.Available > 0;

    private void OnPeerActed()
    {
        if (IsClosed)
        {
            return;
        }

        if (_receive.IsPending && IsReadable)
        {
            if (_receiveInto is not { } slab)
            {
                _receive.Complete(IoResult.Done(1));
            }
            else if (TryReceive(slab, out var received))
            {
                _receiveInto = null;
                _receive.Complete(received);
            }
        }

        // Each continuation may have closed this connection, or begun to wait again.
        if (!IsClosed && !_receive.IsPending)
        {
            TellWatcher(_incoming.IsEnded && !_isEndReceived, _incoming.IsReset && !_isResetReceived);
        }

        if (!IsClosed && _send.IsPending && _sendFrom is not null && TrySend(out var sent))
        {
            _sendFrom = null;
            _send.Complete(sent);
        }
    }

    private bool TryReceive(Slab slab, out IoResult result)
    {
        // The flags before the bytes: what was written before the end was announced is then seen.
        var isReset = _incoming.IsReset;
        var isEnded = _incoming.IsEnded;
        var free = slab.Free;
        if (MaxBytesPerReceive > 0 && free.Length > MaxBytesPerReceive)
        {
            free = free[..MaxBytesPerReceive];
        }

        var count = _incoming.Read(free);
        if (count > 0)
        {
            slab.Advance(count);
            NotifyPeer();
            result = IoResult.Done(count);
            return true;
        }

        _isResetReceived |= isReset;
        _isEndReceived |= isEnded || isReset;
        result = isReset ? IoResult.Fail(IoError.Reset) : IoResult.Done(0);
        return isReset || isEnded;
    }

    private bool TrySend(out IoResult result)
    {
        if (_outgoing.IsReset || _outgoing.IsEnded)
        {
            result = IoResult.Fail(IoError.Reset);
            return true;
        }

        var slab = _sendFrom!;
        if (_outgoing.IsReaderClosed)
        {
            // The kernel takes the bytes; the peer's answer is a reset, which this end hears of a little later.
            slab.Consume(_sendCount - _sent);
            _outgoing.Reset();
            _incoming.Reset();
            Loop.Defer(PeerActed, this);
            result = IoResult.Done(_sendCount);
            return true;
        }

        var part = slab.Filled[..(_sendCount - _sent)];
        var breaks = ResetAfterBytes >= 0 && _outgoing.Written + part.Length > ResetAfterBytes;
        if (breaks)
        {
            part = part[..(int)Math.Max(0, ResetAfterBytes - _outgoing.Written)];
        }

        var count = _outgoing.Write(part);
        slab.Consume(count);
        _sent += count;
        if (breaks && count == part.Length)
        {
            _outgoing.Reset();
            _incoming.Reset();
            Loop.Defer(PeerActed, this);
            NotifyPeer();
            result = IoResult.Fail(IoError.Reset);
            return true;
        }

        if (count > 0)
        {
            NotifyPeer();
        }

        result = IoResult.Done(_sent);
        return _sent == _sendCount;
    }

    private void NotifyPeer()
    {
        if (_peer is not { } peer)
        {
            return;
        }

        // Never inline: the other end's code must not run below this end's call.
        if (ReferenceEquals(peer.Loop, Loop))
        {
            Loop.Defer(PeerActed, peer);
        }
        else
        {
            peer.Loop.Post(PeerActed, peer);
        }
    }
}
