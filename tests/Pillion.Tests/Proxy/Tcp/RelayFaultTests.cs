using Pillion.Net.InMemory;
using Pillion.Proxy.Tcp;
using Xunit;

namespace Pillion.Tests.Proxy.Tcp;

/// <summary>Connections that break at every byte, and schedules in which everybody does whatever a seeded generator says.</summary>
public sealed class RelayFaultTests
{
    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 40)];

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_connection_may_break_at_every_byte(int whose)
    {
        var request = RelayTests.Bytes(1, 300);
        var answer = RelayTests.Bytes(2, 300);
        for (var cut = 0; cut < 300; cut++)
        {
            using var relay = new RelayFixture(capacity: 64);
            var broken = ((MemoryConnection[])[(MemoryConnection)relay.Client.Connection, relay.Downstream, relay.Upstream, (MemoryConnection)relay.Server.Connection])[whose];
            broken.ResetAfterBytes = cut;
            relay.Start();
            relay.OnLoop(() => relay.Client.Send(request, end: true));
            relay.OnLoop(() => relay.Server.Send(answer, end: true));
            relay.Advance(TimeSpan.FromSeconds(5));
            Assert.NotNull(relay.Result);
            Assert.True(relay.Result.Value.End is TcpEnd.ResetByClient or TcpEnd.ResetByUpstream or TcpEnd.ClientClosed or TcpEnd.UpstreamClosed);
            AssertPrefix(request, relay.Server.Received);
            AssertPrefix(answer, relay.Client.Received);

            // What was broken never looks whole.
            if (whose is 0 or 2)
            {
                Assert.True(!relay.Server.IsEnded || relay.Server.BytesReceived == 300);
            }
            else
            {
                Assert.True(!relay.Client.IsEnded || relay.Client.BytesReceived == 300);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Whatever_happens_bytes_stay_in_order_and_nothing_is_kept(int seed)
    {
        var random = new Random(seed);
        using var relay = new RelayFixture(
            new TcpLimits { IdleTimeout = TimeSpan.FromSeconds(random.Next(2) * 60), MaxDuration = TimeSpan.FromSeconds(random.Next(3) * 100) },
            capacity: 1 << random.Next(4, 18));
        relay.Downstream.MaxBytesPerReceive = random.Next(2) * random.Next(1, 5000);
        relay.Upstream.MaxBytesPerReceive = random.Next(2) * random.Next(1, 5000);
        relay.Start(clientReads: random.Next(2) == 0, serverReads: random.Next(2) == 0);
        var sent = new Dictionary<TcpPeer, List<byte>> { [relay.Client] = [], [relay.Server] = [] };
        var ended = new HashSet<TcpPeer>();
        for (var step = 0; step < 200; step++)
        {
            var peer = random.Next(2) == 0 ? relay.Client : relay.Server;
            switch (random.Next(40))
            {
                case < 20 when !ended.Contains(peer):
                    var bytes = RelayTests.Bytes(random.Next(), random.Next(random.Next(2) == 0 ? 100 : 100_000));
                    sent[peer].AddRange(bytes);
                    relay.OnLoop(() => peer.Send(bytes));
                    break;
                case < 28:
                    relay.OnLoop(peer.Read);
                    break;
                case < 32:
                    relay.OnLoop(peer.StopReading);
                    break;
                case < 37:
                    relay.Advance(TimeSpan.FromMilliseconds(random.Next(2_000)));
                    break;
                case 37 when step > 50 && ended.Add(peer):
                    relay.OnLoop(peer.End);
                    break;
                case 38 when step > 100:
                    relay.OnLoop(peer.Connection.Close);
                    break;
                case 39 when step > 100:
                    relay.OnLoop(peer.Connection.Abort);
                    break;
            }

            Assert.InRange(relay.Loop.Slabs.Rented, 0, 4);
        }

        relay.OnLoop(relay.Client.Read);
        relay.OnLoop(relay.Server.Read);
        AssertPrefix([.. sent[relay.Client]], relay.Server.Received);
        AssertPrefix([.. sent[relay.Server]], relay.Client.Received);
        if (relay.Server.IsEnded && relay.Result is null or { End: TcpEnd.ClientClosed or TcpEnd.UpstreamClosed } && !relay.Client.Connection.IsClosed)
        {
            Assert.Equal(sent[relay.Client].Count, relay.Server.BytesReceived);
        }
    }

    private static void AssertPrefix(byte[] whole, byte[] part)
    {
        Assert.InRange(part.Length, 0, whole.Length);
        Assert.True(whole.AsSpan(0, part.Length).SequenceEqual(part), "bytes were lost or changed their order");
    }
}
