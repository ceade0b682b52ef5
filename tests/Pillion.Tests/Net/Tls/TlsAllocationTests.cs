using System.Net;
using System.Runtime.CompilerServices;
using Pillion.Net.Linux;
using Pillion.Net.Loop;
using Pillion.Net.Memory;
using Pillion.Net.Sockets;
using Pillion.Net.Tls;
using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Net.Tls;

/// <summary>DESIGN §6: in the steady state records cost no allocation of ours.</summary>
public sealed class TlsAllocationTests
{
    private const int Connections = 40;
    private const int WarmUp = 4_000;
    private const int Exchanges = 20_000;

    [Theory]
    [InlineData(TlsVersions.Tls12)]
    [InlineData(TlsVersions.Tls13)]
    internal async Task Forty_connections_exchange_messages_without_allocating(TlsVersions version)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "epoll is Linux's");
#if DEBUG
        Assert.Skip("the compiler makes state machines classes in debug builds");
#endif
        // What the runtime itself allocates on a thread now and then is in one round and not in all.
        var least = long.MaxValue;
        for (var round = 0; round < 3 && least > 0; round++)
        {
            least = Math.Min(least, await ExchangeAsync(version));
        }

        Assert.Equal(0, least);
    }

    private static async Task<long> ExchangeAsync(TlsVersions version)
    {
        var network = new EpollNetwork();
        var loop = network.CreateLoop(0, TimeProvider.System);
        loop.Start();
        using var server = new TlsServerContext(TlsFixture.ServerSettings);
        using var client = new TlsClientContext(TlsFixture.ClientSettings with { Max = version });
        var allocated = await loop.RunAsync(async () =>
        {
            var listener = network.Listen(loop, new IPEndPoint(IPAddress.Loopback, 0), shared: false).Listener!;
            var count = new Counter();
            var ends = new List<Task>();
            for (var i = 0; i < Connections; i++)
            {
                var outer = (await network.ConnectAsync(loop, listener.LocalEndPoint)).Connection!;
                var accepting = TlsHandshake.AcceptAsync((await listener.AcceptAsync()).Connection!, server, default).AsTask();
                var asking = (await TlsHandshake.ConnectAsync(outer, client, "server.test", default)).Connection!;
                ends.Add(ServeAsync((await accepting).Connection!).AsTask());
                ends.Add(AskAsync(asking, count).AsTask());
            }

            await Task.WhenAll(ends);
            listener.Close();
            Assert.Equal(0, loop.Slabs.Rented);
            return count.AllocatedAtEnd - count.AllocatedAtStart;
        });
        loop.StopAndDispose();
        return allocated;
    }

    [AsyncMethodBuilder(typeof(PooledMethodBuilder))]
    private static async ValueTask AskAsync(Connection connection, Counter count)
    {
        // Small ones, and some that take several records and more than a socket's buffer.
        for (var size = 1; count.Done < WarmUp + Exchanges; size = size >= SlabPool.Large ? 1 : size * 16)
        {
            Assert.True(await ExchangeAsync(connection, Math.Min(size, SlabPool.Large)));
            count.Add();
        }

        connection.Close();
    }

    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    private static async ValueTask<bool> ExchangeAsync(Connection connection, int size)
    {
        var slab = connection.Loop.Slabs.Rent(size);
        slab.Advance(size);
        var sent = await connection.SendAsync(slab, slab.Length);
        connection.Loop.Slabs.Return(slab);
        for (var left = size; left > 0 && sent.IsOk;)
        {
            if (!(await connection.WaitReadableAsync()).IsOk)
            {
                return false;
            }

            slab = connection.Loop.Slabs.Rent();
            var received = await connection.ReceiveAsync(slab);
            connection.Loop.Slabs.Return(slab);
            if (received.Count <= 0)
            {
                return false;
            }

            left -= received.Count;
        }

        return sent.IsOk;
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
        var slab = connection.Loop.Slabs.Rent(SlabPool.Large);
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
