using System.Net;
using System.Net.Sockets;
using Pillion.Net.Sockets;

namespace Pillion.Net.Portable;

/// <summary>
/// A listening socket of .NET, and the listeners (one for each loop that shares the address) which it serves in the order they asked. Only what
/// somebody waits for is accepted; the rest stays in the system's backlog.
/// </summary>
internal sealed class PortableAcceptor(Socket socket, Action<PortableAcceptor> ended)
{
    // Accepting is asked for on loops and answered on threads of the runtime.
    private readonly Lock _lock = new();
    private readonly List<PortableListener> _waiting = [];
    private int _listeners;
    private bool _isAccepting;
    private bool _isClosed;

    public EndPoint LocalEndPoint { get; } = socket.LocalEndPoint!;

    /// <summary>Adds a listener; false when the last one has just left.</summary>
    public bool TryJoin()
    {
        lock (_lock)
        {
            if (!_isClosed)
            {
                _listeners++;
            }

            return !_isClosed;
        }
    }

    /// <summary>A listener wants one connection.</summary>
    public void Ask(PortableListener listener)
    {
        lock (_lock)
        {
            _waiting.Add(listener);
        }

        Continue();
    }

    /// <summary>A listener leaves; its question, if it still waits, is withdrawn. The last one gets what the system had completed, and the socket is closed.</summary>
    public List<Socket> Leave(PortableListener listener, out bool wasWaiting)
    {
        var drained = new List<Socket>();
        lock (_lock)
        {
            wasWaiting = _waiting.Remove(listener);
            if (--_listeners > 0 || _isClosed)
            {
                return drained;
            }

            _isClosed = true;
        }

        // Out of the network's table first: the address can be bound again once this returns.
        ended(this);
        try
        {
            while (socket.Poll(0, SelectMode.SelectRead))
            {
                drained.Add(socket.Accept());
            }
        }
        catch (SocketException)
        {
            // Nothing more to take.
        }

        socket.Dispose();
        return drained;
    }

    private void Continue()
    {
        while (true)
        {
            lock (_lock)
            {
                if (_isAccepting || _isClosed || _waiting.Count == 0)
                {
                    return;
                }

                _isAccepting = true;
            }

            var operation = new PortableOperation(done =>
            {
                Finish(done);
                Continue();
            });
            bool isUnderWay;
            try
            {
                isUnderWay = socket.AcceptAsync(operation);
            }
            catch (ObjectDisposedException)
            {
                operation.Dispose();
                return;
            }

            if (isUnderWay)
            {
                return;
            }

            Finish(operation);
        }
    }

    private void Finish(PortableOperation operation)
    {
        var accepted = operation.AcceptSocket;
        var error = operation.SocketError;
        operation.Dispose();
        PortableListener? listener = null;
        lock (_lock)
        {
            _isAccepting = false;
            // A connection that broke before it was accepted is nobody's concern.
            if (error is not (SocketError.ConnectionReset or SocketError.ConnectionAborted or SocketError.OperationAborted))
            {
                listener = _waiting.FirstOrDefault();
                if (listener is not null)
                {
                    _waiting.RemoveAt(0);
                }
            }
        }

        if (listener is null)
        {
            accepted?.Dispose();
        }
        else
        {
            listener.Loop.Post(static state =>
            {
                var (listener, accepted, error) = ((PortableListener, Socket?, SocketError))state!;
                listener.Answer(error == SocketError.Success ? accepted : null, error);
            }, (listener, accepted, error));
        }
    }
}
