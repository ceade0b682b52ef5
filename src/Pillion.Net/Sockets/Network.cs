using System.Net;
using Pillion.Net.Loop;

namespace Pillion.Net.Sockets;

/// <summary>A connection that was made, or why none was.</summary>
internal readonly record struct ConnectResult(Connection? Connection, IoError Error, int Code = 0)
{
    public string Describe() => new IoResult(0, Error, Code).Describe();
}

/// <summary>A listener that was bound, or why none was.</summary>
internal readonly record struct ListenResult(Listener? Listener, IoError Error, int Code = 0)
{
    public string Describe() => new IoResult(0, Error, Code).Describe();
}

/// <summary>What a loop reaches the world through: the kernel's epoll, .NET's own sockets, or memory in tests.</summary>
internal abstract class Network
{
    /// <summary>The network for the system this runs on: epoll on Linux, unless asked not to, and .NET's sockets elsewhere.</summary>
    public static Network ForThisSystem(bool portable) =>
        OperatingSystem.IsLinux() && !portable ? new Linux.EpollNetwork() : new Portable.PortableNetwork();

    /// <summary>A loop whose poller belongs to this network.</summary>
    public abstract EventLoop CreateLoop(int index, TimeProvider time);

    /// <summary>
    /// Binds an address on a loop. With <paramref name="shared"/>, further loops of this process may bind the same address and the kernel spreads connections
    /// over them; the first bind of an address is never shared, so that an address in use by anybody else is an error.
    /// </summary>
    public abstract ListenResult Listen(EventLoop loop, EndPoint endPoint, bool shared);

    public abstract ValueTask<ConnectResult> ConnectAsync(EventLoop loop, EndPoint endPoint, Deadline deadline = default, CancellationToken cancellationToken = default);

    /// <summary>
    /// Connections made from here on carry a mark (SO_MARK), by which the rules that redirect others leave them alone; false where this process may not
    /// mark, or the network cannot.
    /// </summary>
    public virtual bool TryMark(int mark) => mark == 0;

    /// <summary>Tells that the last listener of a shared address of this process was closed.</summary>
    public virtual void Released(EndPoint endPoint)
    {
    }
}
