using System.Net;
using System.Runtime.CompilerServices;
using Pillion.Net.Loop;
using Pillion.Net.Sockets;

namespace Pillion.Proxy.Listeners;

/// <summary>
/// A bound address over all loops. It outlives snapshots: a reload that keeps the address keeps the sockets, and every request looks up
/// what the newest snapshot says of it.
/// </summary>
internal sealed class BoundListener
{
    private readonly ProxyRole _role;
    private readonly (ProxyLoop Loop, Listener Listener)[] _parts;
    private int _connections;
    private volatile ListenerSnapshot _last;

    public BoundListener(ProxyRole role, EndPoint endPoint, (ProxyLoop, Listener)[] parts, ListenerSnapshot first)
    {
        _role = role;
        EndPoint = endPoint;
        _parts = parts;
        _last = first;
    }

    /// <summary>What was bound, with the real port.</summary>
    public EndPoint EndPoint { get; }

    public int Connections => Volatile.Read(ref _connections);

    public ProxySnapshot Live => _role.Live;

    /// <summary>What the newest snapshot says of this listener; the last word when it was removed and its connections drain.</summary>
    public ListenerSnapshot Current
    {
        get
        {
            if (_role.Live.Find(this) is { } current)
            {
                _last = current;
            }

            return _last;
        }
    }

    public bool IsClosed { get; private set; }

    /// <summary>Starts to accept on every loop.</summary>
    public void Start()
    {
        foreach (var (loop, listener) in _parts)
        {
            loop.Events.Post(() => _ = AcceptAsync(loop, listener));
        }
    }

    /// <summary>Stops accepting; connections stay until they are closed one by one.</summary>
    public void Close()
    {
        IsClosed = true;
        foreach (var (loop, listener) in _parts)
        {
            loop.Events.Post(listener.Close);
        }

        foreach (var endPoint in _parts.Select(part => part.Listener.LocalEndPoint).Distinct())
        {
            _parts[0].Loop.Network.Released(endPoint);
        }
    }

    [AsyncMethodBuilder(typeof(PooledMethodBuilder))]
    private async ValueTask AcceptAsync(ProxyLoop loop, Listener listener)
    {
        while (true)
        {
            var accepted = await listener.AcceptAsync();
            if (accepted.Connection is { } connection)
            {
                Serve(loop, connection);
            }
            else if (accepted.Error is IoError.Closed or IoError.Cancelled)
            {
                return;
            }
            else
            {
                // Out of descriptors or memory: connections wait in the kernel's queue; asking again at once would only spin.
                Current.Metrics(loop).AcceptErrors++;
                _role.AcceptFailed(Current, new IoResult(0, accepted.Error, accepted.Code));
                await loop.Events.DelayAsync(TimeSpan.FromMilliseconds(100));
            }
        }
    }

    private void Serve(ProxyLoop loop, Connection connection)
    {
        var current = Current;
        var metrics = current.Metrics(loop);
        if (loop.ShedsConnections)
        {
            // Taken from the kernel and closed: left in its queue it would wait for nothing, and fill the queue.
            loop.Overload.Shed.Count("connections");
            connection.Abort();
            return;
        }

        if (current.MaxConnections > 0 && Interlocked.Increment(ref _connections) > current.MaxConnections)
        {
            Interlocked.Decrement(ref _connections);
            metrics.ConnectionsRefused++;
            connection.Abort();
            return;
        }

        if (current.MaxConnections == 0)
        {
            Interlocked.Increment(ref _connections);
        }

        metrics.ConnectionsTotal++;
        metrics.ConnectionsActive++;
        _ = ServeAsync(loop, metrics, new DownstreamConnection(_role, loop, this, connection));
    }

    // The loop's own list of connections is what awaits them at the end.
    [AsyncMethodBuilder(typeof(PooledMethodBuilder))]
    private async ValueTask ServeAsync(ProxyLoop loop, Core.Signals.Metrics.ListenerMetrics metrics, DownstreamConnection connection)
    {
        loop.Connections.Add(connection);
        await connection.ServeAsync();
        loop.Connections.Remove(connection);
        metrics.ConnectionsActive--;
        metrics.ConnectionsDestroyed++;
        Interlocked.Decrement(ref _connections);
    }
}
