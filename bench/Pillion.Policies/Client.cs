using System.Net;
using System.Runtime.CompilerServices;
using System.Text;
using Pillion.Net.Loop;
using Pillion.Net.Sockets;

namespace Pillion.Policies;

/// <summary>Asks again as soon as it is answered, as long as there are requests left; anything but 200 is a bug in the measurement.</summary>
internal sealed class Client(Network network, EventLoop loop, IPEndPoint address, byte[] request)
{
    private Connection? _connection;

    /// <summary>Requests of the round that nobody has begun.</summary>
    public static int Left { get; set; }

    public void Begin() => _ = RunAsync();

    [AsyncMethodBuilder(typeof(PooledMethodBuilder))]
    private async ValueTask RunAsync()
    {
        _connection ??= (await network.ConnectAsync(loop, address, default, default)).Connection ?? throw new InvalidOperationException("not connected");
        while (Left > 0)
        {
            Left--;
            var slab = loop.Slabs.Rent();
            slab.TryAppend(request);
            await _connection.SendAsync(slab, slab.Length);
            slab.Clear();
            while (!slab.Filled.EndsWith("hello-end"u8))
            {
                if ((await _connection.ReceiveAsync(slab)).Count == 0)
                {
                    throw new InvalidOperationException($"the proxy closed: {Encoding.ASCII.GetString(slab.Filled)}");
                }
            }

            if (!slab.Filled.StartsWith("HTTP/1.1 200 "u8))
            {
                throw new InvalidOperationException(Encoding.ASCII.GetString(slab.Filled));
            }

            loop.Slabs.Return(slab);
        }
    }
}
