using Pillion.Net.InMemory;
using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Proxy.Forwarding;

/// <summary>Large bodies pass in bounded memory: whoever does not read holds back whoever sends.</summary>
public sealed class BackPressureTests
{
    private const int Size = 8 * 1024 * 1024;

    // A slab received into, one being sent from, one of framing, in each direction.
    private const int MaxSlabs = 4;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_answer_waits_for_its_reader(bool chunked)
    {
        using var proxy = new ProxyFixture();
        var client = proxy.Connect(reads: false).Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        var upstream = proxy.Upstream.Next();
        upstream.Send(chunked ? "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" : $"HTTP/1.1 200 OK\r\nContent-Length: {Size}\r\n\r\n");
        upstream.Send(chunked ? Chunks(Size) : Bytes(Size));
        Assert.True(upstream.HasUnsent);
        Assert.InRange(proxy.SlabsRented, 1, MaxSlabs);
        Assert.InRange(upstream.Connection.BytesSent, 1, (2 * MemoryNetwork.DefaultCapacity) + (MaxSlabs * 64 * 1024));

        client.Read();
        Assert.False(upstream.HasUnsent);
        Assert.Equal(Size, proxy.Record.BytesSent);
        Assert.True(client.BytesReceived > Size);
        Assert.Equal(0, proxy.SlabsRented);
        if (!chunked)
        {
            client.TakeHead();
            Assert.Equal(Bytes(Size), System.Text.Encoding.Latin1.GetBytes(client.Take()));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_request_waits_for_its_reader(bool chunked)
    {
        using var proxy = new ProxyFixture();
        proxy.Upstream.DoesNotRead = true;
        var client = proxy.Request("POST / HTTP/1.1\r\nHost: a\r\n" + (chunked ? "Transfer-Encoding: chunked\r\n\r\n" : $"Content-Length: {Size}\r\n\r\n"));
        client.Send(chunked ? Chunks(Size) : Bytes(Size));
        var upstream = proxy.Upstream.Next();
        Assert.True(client.HasUnsent);
        Assert.InRange(proxy.SlabsRented, 1, MaxSlabs);
        Assert.InRange(client.Connection.BytesSent, 1, (2 * MemoryNetwork.DefaultCapacity) + (MaxSlabs * 64 * 1024));

        upstream.Read();
        Assert.False(client.HasUnsent);
        Assert.True(upstream.BytesReceived > Size);
        upstream.Send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        client.TakeHead();
        Assert.Equal("ok", client.Take());
        Assert.Equal(Size, proxy.Record.BytesReceived);
        Assert.Equal(0, proxy.SlabsRented);
    }

    [Fact]
    public void Both_directions_flow_at_once()
    {
        using var proxy = new ProxyFixture();
        var client = proxy.Request($"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {Size}\r\n\r\n");
        var upstream = proxy.Upstream.Next();
        upstream.Send($"HTTP/1.1 200 OK\r\nContent-Length: {Size}\r\n\r\n");
        var piece = Bytes(Size / 64);
        for (var i = 0; i < 64; i++)
        {
            client.Send(piece);
            upstream.Send(piece);
        }

        Assert.Equal((Size, Size), (proxy.Record.BytesReceived, proxy.Record.BytesSent));
        Assert.False(client.IsOver);
        Assert.False(upstream.IsOver);
    }

    [Fact]
    public void A_tunnel_waits_for_its_readers()
    {
        using var proxy = new ProxyFixture();
        var client = proxy.Connect(reads: false).Send("GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n");
        var upstream = proxy.Upstream.Next();
        upstream.Send("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n").Send(Bytes(Size), end: true);
        Assert.True(upstream.HasUnsent);
        Assert.InRange(proxy.SlabsRented, 1, MaxSlabs);
        client.End();
        Assert.True(upstream.IsEnded);
        client.Read();
        Assert.True(client.IsEnded);
        Assert.Equal(Size, proxy.Record.BytesSent);
    }

    [Fact]
    public void A_body_whose_sending_fails_leaves_nothing_of_its_framing_for_the_next_request()
    {
        using var proxy = new ProxyFixture();
        proxy.Upstream.DoesNotRead = true;
        proxy.Network.Capacity = 1024;
        var client = proxy.Request("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
        var upstream = proxy.Upstream.Next();

        // The last data and the end of the body are in one buffer of the proxy while it waits to send.
        client.Send($"BB8\r\n{new string('x', 3000)}\r\n");
        client.Send($"BB8\r\n{new string('y', 3000)}\r\n0\r\n\r\n");
        upstream.Reset();
        proxy.Upstream.DoesNotRead = false;
        var text = client.Take();
        Assert.StartsWith("HTTP/1.1 503 ", text);
        if (!text.Contains("Connection: close", StringComparison.Ordinal))
        {
            client.Send("GET /next HTTP/1.1\r\nHost: a\r\n\r\n");
            Assert.StartsWith("GET /next ", proxy.Upstream.Next().TakeHead());
        }
    }

    private static byte[] Bytes(int size)
    {
        var bytes = new byte[size];
        new Random(7).NextBytes(bytes);
        return bytes;
    }

    private static byte[] Chunks(int size)
    {
        using var text = new MemoryStream();
        var chunk = new byte[10_000];
        for (var left = size; left > 0; left -= chunk.Length)
        {
            var count = Math.Min(left, chunk.Length);
            text.Write(System.Text.Encoding.Latin1.GetBytes($"{count:x}\r\n"));
            text.Write(chunk, 0, count);
            text.Write("\r\n"u8);
        }

        text.Write("0\r\n\r\n"u8);
        return text.ToArray();
    }
}
