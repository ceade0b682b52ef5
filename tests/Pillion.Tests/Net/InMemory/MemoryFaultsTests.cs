using System.Net;
using Pillion.Net.InMemory;
using Pillion.Net.Loop;
using Pillion.Net.Memory;
using Pillion.Net.Sockets;
using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Net.InMemory;

public sealed class MemoryFaultsTests
{
    private static readonly IPEndPoint Address = new(IPAddress.Loopback, 80);

    private readonly ManualTimeProvider _time = new();
    private readonly MemoryNetwork _network = new();
    private readonly EventLoop _loop;

    public MemoryFaultsTests() => _loop = _network.CreateLoop(0, _time);

    [Fact]
    public void A_connect_may_be_refused_where_somebody_listens()
    {
        _network.Faults = new MemoryFaults { Refuse = true };
        Assert.Equal(IoError.Refused, Run(async () =>
        {
            _network.Listen(_loop, Address, shared: false);
            return (await _network.ConnectAsync(_loop, Address)).Error;
        }).Result);
        Assert.Equal(1, _network.Connects);
    }

    [Fact]
    public void A_connect_may_stay_unanswered_until_its_deadline()
    {
        _network.SetFaults(Address, new MemoryFaults { NeverAnswer = true });
        var connecting = Run(async () =>
        {
            _network.Listen(_loop, Address, shared: false);
            return (await _network.ConnectAsync(_loop, Address, Deadline.After(_loop, TimeSpan.FromSeconds(5)))).Error;
        });
        _time.Advance(TimeSpan.FromMilliseconds(4999));
        _loop.RunUntilIdle();
        Assert.False(connecting.IsCompleted);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        _loop.RunUntilIdle();
        Assert.Equal(IoError.TimedOut, connecting.Result);
    }

    [Fact]
    public void A_message_may_be_split_at_every_byte() => Assert.Equal([1, 1, 1, 1, 0], Receive(new MemoryFaults { MaxBytesPerReceive = 1 }).Result);

    [Fact]
    public void A_connection_may_break_after_so_many_bytes() => Assert.Equal([3, -1], Receive(new MemoryFaults { ResetAfterClientBytes = 3 }).Result);

    [Fact]
    public void A_small_capacity_makes_sends_wait()
    {
        var (client, server) = MemoryConnection.Pair(_loop, _loop, capacity: 2);
        var sending = Run(() => SendAsync(client, [1, 2, 3, 4, 5]));
        Assert.False(sending.IsCompleted);
        Assert.Equal(2, server.BytesUnread);
        Assert.Equal([2, 2, 1], Run(async () =>
        {
            var slab = _loop.Slabs.Rent();
            var counts = new List<int>();
            while (slab.Length < 5)
            {
                counts.Add((await server.ReceiveAsync(slab)).Count);
            }

            Assert.True(slab.Filled.SequenceEqual<byte>([1, 2, 3, 4, 5]));
            _loop.Slabs.Return(slab);
            return counts;
        }).Result);
        Assert.True(sending.Result.IsOk);
    }

    // Sends four bytes and the end; returns what each receive brought, -1 for a reset.
    private Task<List<int>> Receive(MemoryFaults faults)
    {
        _network.SetFaults(Address, faults);
        return Run(async () =>
        {
            var listener = _network.Listen(_loop, Address, shared: false).Listener!;
            var client = (await _network.ConnectAsync(_loop, Address)).Connection!;
            var server = (await listener.AcceptAsync()).Connection!;
            await SendAsync(client, [1, 2, 3, 4]);
            await client.ShutdownAsync();
            var counts = new List<int>();
            var slab = _loop.Slabs.Rent();
            do
            {
                var result = await server.ReceiveAsync(slab);
                counts.Add(result.IsOk ? result.Count : -1);
            }
            while (counts[^1] > 0);

            _loop.Slabs.Return(slab);
            return counts;
        });
    }

    private Task<T> Run<T>(Func<Task<T>> body)
    {
        Task<T> result = null!;
        _loop.Post(() => result = body());
        _loop.RunUntilIdle();
        return result;
    }

    private async Task<IoResult> SendAsync(Connection connection, byte[] bytes)
    {
        var slab = _loop.Slabs.Rent(SlabPool.Small);
        slab.TryAppend(bytes);
        var result = await connection.SendAsync(slab, bytes.Length);
        _loop.Slabs.Return(slab);
        return result;
    }
}
