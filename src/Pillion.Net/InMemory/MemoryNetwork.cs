using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Pillion.Net.Loop;
using Pillion.Net.Sockets;

namespace Pillion.Net.InMemory;

/// <summary>
/// A network inside one process, for tests: the same outcomes as the kernel's sockets, faults on demand, and time by hand. Loops may be driven by
/// <see cref="EventLoop.RunUntilIdle"/> on the test's thread or run on threads of their own.
/// </summary>
internal sealed class MemoryNetwork : Network
{
    public const int DefaultCapacity = 64 * 1024;

    // Listening, connecting and faults are rare and come from any loop; bytes never take this lock.
    private readonly Lock _lock = new();
    private readonly Dictionary<EndPoint, List<MemoryListener>> _listeners = [];
    private readonly HashSet<EndPoint> _exclusive = [];
    private readonly Dictionary<EndPoint, MemoryFaults> _faults = [];
    private int _nextPort = 49_152;
    private int _connects;

    /// <summary>How many bytes may be under way in each direction of connections made from now on.</summary>
    public int Capacity { get; set; } = DefaultCapacity;

    /// <summary>Faults of every address that has none of its own.</summary>
    public MemoryFaults Faults { get; set; } = MemoryFaults.None;

    /// <summary>Connects asked for so far, answered or not.</summary>
    public int Connects => Volatile.Read(ref _connects);

    /// <summary>Sets the faults of connections to one address; null sets those of the network again.</summary>
    public void SetFaults(EndPoint endPoint, MemoryFaults? faults)
    {
        lock (_lock)
        {
            if (faults is null)
            {
                _faults.Remove(endPoint);
            }
            else
            {
                _faults[endPoint] = faults;
            }
        }
    }

    public override EventLoop CreateLoop(int index, TimeProvider time) => new(index, new ParkingPoller(), time);

    public override ListenResult Listen(EventLoop loop, EndPoint endPoint, bool shared)
    {
        lock (_lock)
        {
            if (endPoint is IPEndPoint { Port: 0 } any)
            {
                endPoint = new IPEndPoint(any.Address, ++_nextPort);
            }

            if (_listeners.TryGetValue(endPoint, out var others) && (!shared || _exclusive.Contains(endPoint)))
            {
                return new ListenResult(null, IoError.AddressInUse);
            }

            var listener = new MemoryListener(loop, this, endPoint);
            if (others is null)
            {
                _listeners[endPoint] = others = [];
            }

            others.Add(listener);
            if (!shared)
            {
                _exclusive.Add(endPoint);
            }

            return new ListenResult(listener, IoError.None);
        }
    }

    public override ValueTask<ConnectResult> ConnectAsync(EventLoop loop, EndPoint endPoint, Deadline deadline = default, CancellationToken cancellationToken = default)
    {
        loop.CheckThread();
        var connect = Interlocked.Increment(ref _connects);
        var faults = FaultsOf(endPoint);
        var local = endPoint is UnixDomainSocketEndPoint ? endPoint : new IPEndPoint(
            endPoint.AddressFamily == AddressFamily.InterNetworkV6 ? IPAddress.IPv6Loopback : IPAddress.Loopback, 10_000 + (connect % 30_000));
        var client = MemoryConnection.Connecting(loop, new MemoryPipe(Capacity), new MemoryPipe(Capacity), PeerAddress.From(local), PeerAddress.From(endPoint));
        client.MaxBytesPerReceive = faults.MaxBytesPerReceive;
        client.ResetAfterBytes = faults.ResetAfterClientBytes;
        if (!faults.NeverAnswer)
        {
            var listener = faults.Refuse ? null : Choose(endPoint, connect);
            Run(loop, listener?.Loop ?? loop, static state =>
            {
                var (listener, client) = ((MemoryListener?, MemoryConnection))state!;
                if (listener is null)
                {
                    client.Answer(null);
                }
                else
                {
                    listener.Arrive(client);
                }
            }, (listener, client));
        }

        return FinishAsync(client, deadline, cancellationToken);
    }

    internal MemoryFaults FaultsOf(EndPoint endPoint)
    {
        lock (_lock)
        {
            return _faults.GetValueOrDefault(endPoint, Faults);
        }
    }

    internal void Remove(MemoryListener listener)
    {
        lock (_lock)
        {
            if (_listeners.TryGetValue(listener.LocalEndPoint, out var all) && all.Remove(listener) && all.Count == 0)
            {
                _listeners.Remove(listener.LocalEndPoint);
                _exclusive.Remove(listener.LocalEndPoint);
            }
        }
    }

    /// <summary>Runs an action on another loop or later on this one, never at once.</summary>
    internal static void Run(EventLoop from, EventLoop to, Action<object?> action, object? state)
    {
        if (ReferenceEquals(from, to))
        {
            from.Defer(action, state);
        }
        else
        {
            to.Post(action, state);
        }
    }

    // Several loops that share an address take turns.
    private MemoryListener? Choose(EndPoint endPoint, int connect)
    {
        lock (_lock)
        {
            if (_listeners.TryGetValue(endPoint, out var all) || (WildcardOf(endPoint) is { } wildcard && _listeners.TryGetValue(wildcard, out all)))
            {
                return all[connect % all.Count];
            }

            return null;
        }
    }

    private static IPEndPoint? WildcardOf(EndPoint endPoint) => endPoint is IPEndPoint ip
        ? new IPEndPoint(ip.AddressFamily == AddressFamily.InterNetworkV6 ? IPAddress.IPv6Any : IPAddress.Any, ip.Port)
        : null;

    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    private static async ValueTask<ConnectResult> FinishAsync(MemoryConnection client, Deadline deadline, CancellationToken cancellationToken)
    {
        var result = await client.ConnectedAsync(deadline, cancellationToken);
        if (result.IsOk)
        {
            return new ConnectResult(client, IoError.None);
        }

        client.Close();
        return new ConnectResult(null, result.Error, result.Code);
    }
}
