using System.Net;
using System.Runtime.CompilerServices;
using Pillion.Net.Loop;
using Pillion.Net.Sockets;

namespace Pillion.Policies;

/// <summary>Answers every request with the same few bytes.</summary>
internal static class Application
{
    private static readonly byte[] Answer = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 9\r\n\r\nhello-end"u8.ToArray();

    public static void Start(Network network, EventLoop loop, IPEndPoint address)
    {
        var listener = network.Listen(loop, address, shared: false).Listener ?? throw new InvalidOperationException("cannot listen");
        _ = AcceptAsync(listener, loop);
    }

    private static async Task AcceptAsync(Listener listener, EventLoop loop)
    {
        while ((await listener.AcceptAsync()).Connection is { } connection)
        {
            _ = ServeAsync(connection, loop);
        }
    }

    [AsyncMethodBuilder(typeof(PooledMethodBuilder))]
    private static async ValueTask ServeAsync(Connection connection, EventLoop loop)
    {
        while (true)
        {
            var slab = loop.Slabs.Rent();
            while (!slab.Filled.EndsWith("\r\n\r\n"u8))
            {
                if (await connection.ReceiveAsync(slab) is not { IsOk: true, Count: > 0 })
                {
                    loop.Slabs.Return(slab);
                    connection.Close();
                    return;
                }
            }

            slab.Clear();
            slab.TryAppend(Answer);
            await connection.SendAsync(slab, slab.Length);
            loop.Slabs.Return(slab);
        }
    }
}
