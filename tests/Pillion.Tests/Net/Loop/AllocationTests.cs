using System.Net;
using System.Runtime.CompilerServices;
using Pillion.Net.Linux;
using Pillion.Net.Loop;
using Pillion.Net.Memory;
using Pillion.Net.Sockets;
using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Net.Loop;

/// <summary>DESIGN §6: in the steady state the request path allocates nothing.</summary>
public sealed class AllocationTests
{
    private const int Connections = 200;
    private const int WarmUp = 4_000;
    private const int Exchanges = 20_000;

    [Fact]
    public async Task Two_hundred_connections_exchange_messages_without_allocating()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "epoll is Linux's");
        var network = new EpollNetwork();
        var loop = network.CreateLoop(0, TimeProvider.System);
        loop.Start();
        var allocated = await loop.RunAsync(async () =>
        {
            var listener = network.Listen(loop, new IPEndPoint(IPAddress.Loopback, 0), shared: false).Listener!;
            var count = new Counter();
            var pairs = new List<(Connection Client, Connection Server)>();
            for (var i = 0; i < Connections; i++)
            {
                var client = (await network.ConnectAsync(loop, listener.LocalEndPoint)).Connection!;
                pairs.Add((client, (await listener.AcceptAsync()).Connection!));
            }

            // All at once: the warm-up must see as many of them wait together as will ever.
            var ends = pairs.Select(pair => ServeAsync(pair.Server).AsTask()).Concat(pairs.Select(pair => AskAsync(pair.Client, count).AsTask())).ToList();
            await Task.WhenAll(ends);
            listener.Close();
            Assert.Equal(0, loop.Slabs.Rented);
            return count.AllocatedAtEnd - count.AllocatedAtStart;
        });
        loop.StopAndDispose();
        Assert.Equal(0, allocated);
    }

    [AsyncMethodBuilder(typeof(PooledMethodBuilder))]
    private static async ValueTask AskAsync(Connection connection, Counter count)
    {
        while (count.Done < WarmUp + Exchanges)
        {
            Assert.True(await ExchangeAsync(connection));
            count.Add();
        }

        connection.Close();
    }

    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    private static async ValueTask<bool> ExchangeAsync(Connection connection)
    {
        var slab = connection.Loop.Slabs.Rent();
        slab.TryAppend("a question of some bytes"u8);
        var deadline = Deadline.After(connection.Loop, TimeSpan.FromSeconds(20));
        var sent = await connection.SendAsync(slab, slab.Length, deadline);
        connection.Loop.Slabs.Return(slab);
        return sent.IsOk && await ReceiveAsync(connection, deadline);
    }

    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    private static async ValueTask<bool> ReceiveAsync(Connection connection, Deadline deadline)
    {
        if (!(await connection.WaitReadableAsync(deadline)).IsOk)
        {
            return false;
        }

        var slab = connection.Loop.Slabs.Rent();
        var result = await connection.ReceiveAsync(slab, deadline);
        connection.Loop.Slabs.Return(slab);
        return result.Count > 0;
    }

    [AsyncMethodBuilder(typeof(PooledMethodBuilder))]
    private static async ValueTask ServeAsync(Connection connection)
    {
        while (await EchoAsync(connection))
        {
        }

        connection.Close();
    }

    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    private static async ValueTask<bool> EchoAsync(Connection connection)
    {
        await connection.WaitReadableAsync();
        var slab = connection.Loop.Slabs.Rent(SlabPool.Small);
        var received = await connection.ReceiveAsync(slab);
        var isAlive = received.Count > 0 && (await connection.SendAsync(slab, slab.Length)).IsOk;
        connection.Loop.Slabs.Return(slab);
        return isAlive;
    }

    private sealed class Counter
    {
        public int Done { get; private set; }

        public long AllocatedAtStart { get; private set; }

        public long AllocatedAtEnd { get; private set; }

        public void Add()
        {
            Done++;
            if (Done == WarmUp)
            {
                AllocatedAtStart = GC.GetAllocatedBytesForCurrentThread();
            }
            else if (Done == WarmUp + Exchanges)
            {
                AllocatedAtEnd = GC.GetAllocatedBytesForCurrentThread();
            }
        }
    }
}
