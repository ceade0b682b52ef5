using System.Net.Sockets;

namespace Pillion.Net.Portable;

/// <summary>One kind of asynchronous call on one socket, used again and again; completes on a thread of the runtime, from where it is posted to the loop.</summary>
internal sealed class PortableOperation(Action<PortableOperation> completed) : SocketAsyncEventArgs(true)
{
    /// <summary>Handed to the system and not yet reported back.</summary>
    public bool IsUnderWay { get; set; }

    protected override void OnCompleted(SocketAsyncEventArgs e) => completed(this);
}
