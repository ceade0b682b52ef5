using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using Pillion.Net.Loop;
using Pillion.Net.Sockets;

namespace Pillion.Net.Portable;

/// <summary>One loop's part of a listening socket.</summary>
internal sealed class PortableListener : Listener
{
    private readonly PortableAcceptor _acceptor;
    private readonly PendingAccept _accept;
    private readonly Queue<Socket> _arrived = [];
    private bool _hasAsked;
    private bool _isClosed;

    [SetsRequiredMembers]
    public PortableListener(EventLoop loop, PortableAcceptor acceptor)
        : base(loop)
    {
        _acceptor = acceptor;
        _accept = new PendingAccept(loop);
        LocalEndPoint = acceptor.LocalEndPoint;
    }

    public override ValueTask<AcceptResult> AcceptAsync(CancellationToken cancellationToken = default)
    {
        Loop.CheckThread();
        if (TryTake(out var result))
        {
            return new ValueTask<AcceptResult>(result);
        }

        var task = _accept.Wait(cancellationToken);
        // One question at a time: an accept that was cancelled leaves its question open for the next.
        if (_accept.IsPending && !_hasAsked)
        {
            _hasAsked = true;
            _acceptor.Ask(this);
        }

        return task;
    }

    public override void Close()
    {
        Loop.CheckThread();
        if (_isClosed)
        {
            return;
        }

        _isClosed = true;
        var drained = _acceptor.Leave(this, out var wasWaiting);
        // A question taken off the queue has its answer on the way: the end is not reported before it.
        _hasAsked &= !wasWaiting;
        foreach (var socket in drained)
        {
            _arrived.Enqueue(socket);
        }

        if (_accept.IsPending && TryTake(out var result))
        {
            _accept.Complete(result);
        }
    }

    /// <summary>The acceptor's answer, on this listener's loop.</summary>
    internal void Answer(Socket? socket, SocketError error)
    {
        _hasAsked = false;
        if (socket is not null)
        {
            _arrived.Enqueue(socket);
            if (_accept.IsPending && TryTake(out var result))
            {
                _accept.Complete(result);
            }
        }
        else
        {
            _accept.Complete(new AcceptResult(null, _isClosed ? IoError.Closed : PortableErrors.Map(error), (int)error));
        }
    }

    private bool TryTake(out AcceptResult result)
    {
        if (_arrived.TryDequeue(out var socket))
        {
            result = new AcceptResult(PortableNetwork.Connected(Loop, socket), IoError.None);
            return true;
        }

        result = new AcceptResult(null, IoError.Closed);
        return _isClosed && !_hasAsked;
    }
}
