using System.Net;
using Pillion.Net.Loop;

namespace Pillion.Net.Sockets;

/// <summary>A connection that arrived, or why none did.</summary>
internal readonly record struct AcceptResult(Connection? Connection, IoError Error, int Code = 0);

/// <summary>A bound address on one loop.</summary>
internal abstract class Listener(EventLoop loop)
{
    public EventLoop Loop { get; } = loop;

    /// <summary>What was bound; with the real port where 0 was asked for.</summary>
    public required EndPoint LocalEndPoint { get; init; }

    /// <summary>Waits for a connection. After <see cref="Close"/> the error is <see cref="IoError.Closed"/>.</summary>
    public abstract ValueTask<AcceptResult> AcceptAsync(CancellationToken cancellationToken = default);

    /// <summary>Stops listening; connections that the kernel had already completed are still handed out before the end is reported.</summary>
    public abstract void Close();
}
