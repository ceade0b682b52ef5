using Pillion.Net;
using Pillion.Net.Detection;
using Pillion.Net.InMemory;
using Pillion.Net.Loop;
using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Net.Detection;

public sealed class DetectionMemoryTests : IDisposable
{
    private static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(5);

    private readonly ManualTimeProvider _time = new();
    private readonly EventLoop _loop;
    private readonly DetectionMemory _memory;

    public DetectionMemoryTests()
    {
        _loop = new MemoryNetwork().CreateLoop(0, _time);
        _memory = new DetectionMemory(_loop, capacity: 3);
    }

    public void Dispose() => _loop.Dispose();

    [Fact]
    public void A_server_that_spoke_first_is_remembered_by_address_and_port()
    {
        _memory.Remember(Peer(1, 3306), Soon);
        Assert.True(_memory.ServerSpeaksFirst(Peer(1, 3306)));
        Assert.False(_memory.ServerSpeaksFirst(Peer(1, 3307)));
        Assert.False(_memory.ServerSpeaksFirst(Peer(2, 3306)));
    }

    [Fact]
    public void The_least_recently_used_goes_first()
    {
        _memory.Remember(Peer(1), Soon);
        _memory.Remember(Peer(2), Soon);
        _memory.Remember(Peer(3), Soon);
        Assert.True(_memory.ServerSpeaksFirst(Peer(1)));
        _memory.Remember(Peer(2), Soon);
        _memory.Remember(Peer(4), Soon);
        Assert.Equal(3, _memory.Count);
        Assert.False(_memory.ServerSpeaksFirst(Peer(3)));
        Assert.True(_memory.ServerSpeaksFirst(Peer(1)) && _memory.ServerSpeaksFirst(Peer(2)) && _memory.ServerSpeaksFirst(Peer(4)));
    }

    [Fact]
    public void A_client_that_speaks_first_after_all_is_believed()
    {
        _memory.Remember(Peer(1), Soon);
        _memory.Forget(Peer(1));
        _memory.Forget(Peer(1));
        Assert.False(_memory.ServerSpeaksFirst(Peer(1)));
        Assert.Equal(0, _memory.Count);
    }

    [Fact]
    public void An_address_is_forgotten_in_time_unless_it_is_seen_again()
    {
        _memory.Remember(Peer(1), Soon);
        Pass(TimeSpan.FromMinutes(9));
        Assert.True(_memory.ServerSpeaksFirst(Peer(1)));
        _memory.Remember(Peer(1), Soon);
        Pass(TimeSpan.FromMinutes(9));
        Assert.True(_memory.ServerSpeaksFirst(Peer(1)));
        Pass(TimeSpan.FromMinutes(1));
        Assert.False(_memory.ServerSpeaksFirst(Peer(1)));
        Assert.Equal(0, _memory.Count);
    }

    [Fact]
    public void A_server_that_speaks_late_has_only_tired_of_waiting()
    {
        _memory.Remember(Peer(1), TimeSpan.FromSeconds(2.1));
        Assert.False(_memory.ServerSpeaksFirst(Peer(1)));
        _memory.Remember(Peer(1), TimeSpan.FromSeconds(2));
        Assert.True(_memory.ServerSpeaksFirst(Peer(1)));
    }

    [Fact]
    public void A_full_memory_takes_new_addresses_without_allocating()
    {
        for (byte i = 0; i < 10; i++)
        {
            _memory.Remember(Peer(i), Soon);
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
        {
            _memory.Remember(Peer((byte)i, (ushort)i), Soon);
            _memory.ServerSpeaksFirst(Peer((byte)i, (ushort)i));
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static PeerAddress Peer(byte last, ushort port = 3306) => PeerAddress.From([10, 0, 0, last], port);

    private void Pass(TimeSpan time)
    {
        _time.Advance(time);
        _loop.RunUntilIdle();
    }
}
