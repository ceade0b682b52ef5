using System.Runtime.InteropServices;
using Pillion.Net.Memory;
using Pillion.Proxy.Tcp;
using Xunit;

namespace Pillion.Tests.Proxy.Tcp;

/// <summary>Two connections joined: what arrives, how each side ends, what is held meanwhile.</summary>
public sealed class RelayTests
{
    [Theory]
    [InlineData(0, 64 * 1024)]
    [InlineData(1, 64 * 1024)]
    [InlineData(1, 1)]
    [InlineData(4096, 4096)]
    [InlineData(0, 100)]
    public void Bytes_arrive_in_order_in_both_directions_at_once(int bytesPerReceive, int capacity)
    {
        using var relay = new RelayFixture(capacity: capacity);
        relay.Downstream.MaxBytesPerReceive = relay.Upstream.MaxBytesPerReceive = bytesPerReceive;
        var size = bytesPerReceive == 1 ? 20_000 : 3_000_000;
        var request = Bytes(1, size);
        var answer = Bytes(2, size + 17);
        relay.Start();
        relay.OnLoop(() => relay.Client.Send(request, end: true));
        relay.OnLoop(() => relay.Server.Send(answer, end: true));
        Assert.Equal(request, relay.Server.Received);
        Assert.Equal(answer, relay.Client.Received);
        Assert.True(relay.Server.IsEnded && relay.Client.IsEnded);
        Assert.Equal(TcpEnd.ClientClosed, relay.Result!.Value.End);
        Assert.Equal(request.Length, relay.Result.Value.FromClient);
        Assert.Equal(answer.Length, relay.Result.Value.ToClient);
        Assert.Equal(request.Length, relay.ClusterMetrics.BytesSent);
        Assert.Equal(answer.Length, relay.ClusterMetrics.BytesReceived);
    }

    [Fact]
    public void A_slow_reader_holds_back_the_sender()
    {
        using var relay = new RelayFixture().Start(serverReads: false);
        relay.OnLoop(() => relay.Client.Send(Bytes(3, 10_000_000), end: true));
        Assert.True(relay.Client.IsSending);
        Assert.Equal(2, relay.Loop.Slabs.Rented);
        Assert.InRange(relay.Relay.Counters.Tcp.BytesReceived, 1, (2 * 64 * 1024) + SlabPool.Huge);
        Assert.Equal(1, relay.Metrics.PausedReading - relay.Metrics.ResumedReading);
        relay.OnLoop(relay.Server.Read);
        Assert.Equal(Bytes(3, 10_000_000), relay.Server.Received);
        Assert.True(relay.Server.IsEnded);
        Assert.Null(relay.Result);
    }

    /// <summary>Bytes of which no two stretches are alike; the generator of the runtime is slow where it takes a seed.</summary>
    internal static byte[] Bytes(int seed, int count)
    {
        var words = new ulong[(count + 7) / 8];
        var state = ((ulong)(uint)seed << 1) | 1;
        foreach (ref var word in words.AsSpan())
        {
            // xorshift64.
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            word = state;
        }

        return MemoryMarshal.AsBytes(words.AsSpan())[..count].ToArray();
    }
}
