using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Pillion.EndToEnd.Support;
using Xunit;

namespace Pillion.EndToEnd.Tcp;

/// <summary>Bytes through the sidecar: all of them, both ways, until both sides are done.</summary>
public sealed class RelayTests
{
    private const long Bound = 64 * 1024 * 1024;

    [Fact]
    public async Task Bytes_go_both_ways_at_once_and_arrive_whole()
    {
        await using var server = ByteServer.Echo();
        var (port, sidecar) = await StartAsync(server.Port);
        await using var _ = sidecar;
        using var watch = new MemoryWatch(sidecar.Process);
        var bytes = new byte[30_000_000];
        new Random(5).NextBytes(bytes);
        await Task.WhenAll(Enumerable.Range(0, 3).Select(async _ =>
        {
            using var client = await RawClient.ConnectAsync(port);
            var sending = SendAllAsync(client, bytes);
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            var total = 0L;
            while (await Eventually.Within(client.Connection.SomeAsync(), "the echo") is { IsEmpty: false } part)
            {
                hash.AppendData(part.Span);
                total += part.Length;
            }

            await sending;
            Assert.Equal(bytes.Length, total);
            Assert.Equal(SHA256.HashData(bytes), hash.GetHashAndReset());
        }));
        Assert.InRange(watch.Highest, 1, Bound);
    }

    [Fact]
    public async Task A_half_closed_connection_carries_the_other_half_to_its_end()
    {
        await using var server = new ByteServer(static async socket =>
        {
            // Speaks only when the client has said all.
            var buffer = new byte[1024];
            var total = 0;
            while (await socket.ReceiveAsync(buffer) is var received and > 0)
            {
                total += received;
            }

            for (var i = 0; i < 100; i++)
            {
                await socket.SendAsync(System.Text.Encoding.ASCII.GetBytes($"{total} "));
            }
        });
        var (port, sidecar) = await StartAsync(server.Port);
        await using var _ = sidecar;
        using var client = await RawClient.ConnectAsync(port);
        await client.SendAsync("five!");
        client.Connection.Socket.Shutdown(SocketShutdown.Send);
        Assert.Equal(string.Concat(Enumerable.Repeat("5 ", 100)), await client.RestAsync());
        await Eventually.IsTrue(() => server.Ended == 1, "the server's end");
    }

    [Fact]
    public async Task A_server_that_speaks_first_is_heard_at_once()
    {
        await using var server = ByteServer.Greeting("220 ready");
        var (port, sidecar) = await StartAsync(server.Port);
        await using var _ = sidecar;
        using var client = await RawClient.ConnectAsync(port);
        Assert.Equal("220 ready", await Eventually.Within(client.Connection.LineAsync(), "the greeting"));
        await client.SendAsync("EHLO\n");
        Assert.Equal("EHLO", await Eventually.Within(client.Connection.LineAsync(), "the echo"));
    }

    [Fact]
    public async Task A_reader_that_stops_stops_the_sender()
    {
        var sent = 0L;
        await using var server = new ByteServer(async socket =>
        {
            var piece = new byte[64 * 1024];
            for (var i = 0; i < 10_000; i++)
            {
                await ByteServer.SendAsync(socket, piece);
                Interlocked.Add(ref sent, piece.Length);
            }
        });
        var (port, sidecar) = await StartAsync(server.Port);
        await using var _ = sidecar;
        using var watch = new MemoryWatch(sidecar.Process);
        using var client = await RawClient.ConnectAsync(port);
        var last = -1L;
        await Eventually.IsTrue(
            async () =>
            {
                var stands = Interlocked.Read(ref sent) == last;
                last = Interlocked.Read(ref sent);
                await Task.Delay(200);
                return stands && Interlocked.Read(ref sent) == last;
            },
            "the sender to stand still");
        Assert.InRange(last, 0, 100_000_000);
        Assert.InRange(watch.Highest, 1, Bound);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Who_goes_away_takes_the_other_side_along(bool clientGoes)
    {
        var leave = new TaskCompletionSource();
        await using var server = new ByteServer(async socket =>
        {
            await socket.SendAsync("hello\n"u8.ToArray());
            await Task.WhenAny(leave.Task, socket.ReceiveAsync(new byte[1]));
            if (!clientGoes)
            {
                // A reset, not an end.
                socket.LingerState = new LingerOption(true, 0);
            }
        });
        var (port, sidecar) = await StartAsync(server.Port);
        await using var _ = sidecar;
        var client = await RawClient.ConnectAsync(port);
        await client.Connection.LineAsync();
        if (clientGoes)
        {
            client.Connection.Socket.LingerState = new LingerOption(true, 0);
            client.Dispose();
            await Eventually.IsTrue(() => server.Ended == 1, "the server to see the client gone");
        }
        else
        {
            leave.SetResult();
            try
            {
                Assert.Equal("", await client.RestAsync());
            }
            catch (SocketException)
            {
            }

            client.Dispose();
        }
    }

    [Fact]
    public async Task Nobody_behind_it_ends_the_connection()
    {
        var (port, sidecar) = await StartAsync(Ports.Next());
        await using var _ = sidecar;
        using var client = await RawClient.ConnectAsync(port);
        try
        {
            Assert.Equal("", await client.RestAsync());
        }
        catch (SocketException)
        {
        }
    }

    [Fact]
    public async Task A_relay_that_is_idle_too_long_ends()
    {
        await using var server = ByteServer.Echo();
        var (port, sidecar) = await StartAsync(server.Port, new JsonObject { ["idle_timeout"] = "0.5s" });
        await using var _ = sidecar;
        using var client = await RawClient.ConnectAsync(port);
        for (var i = 0; i < 4; i++)
        {
            // Longer than the timeout altogether, but never idle so long.
            await client.SendAsync("x\n");
            Assert.Equal("x", await client.Connection.LineAsync());
            await Task.Delay(200);
        }

        try
        {
            Assert.Equal("", await client.RestAsync());
        }
        catch (SocketException)
        {
        }

        await Eventually.IsTrue(() => server.Ended == 1, "the server's end");
    }

    [Fact]
    public async Task Weighted_clusters_share_the_connections()
    {
        await using var first = ByteServer.Greeting("first");
        await using var second = ByteServer.Greeting("second");
        var port = Ports.Next();
        var weighted = new JsonObject
        {
            ["weighted_clusters"] = new JsonObject
            {
                ["clusters"] = new JsonArray(new JsonObject { ["name"] = "first", ["weight"] = 75 }, new JsonObject { ["name"] = "second", ["weight"] = 25 }),
            },
        };
        await using var sidecar = await Sidecar.StartAsync(new EnvoyFile().Tcp(port, null, proxy: weighted).Cluster("first", first.Port).Cluster("second", second.Port).Options());
        var names = new List<string>();
        for (var i = 0; i < 400; i++)
        {
            using var client = await RawClient.ConnectAsync(port);
            names.Add(await client.Connection.LineAsync());
        }

        // Three standard deviations and more to either side of a hundred.
        Assert.InRange(names.Count(static name => name == "second"), 65, 140);
    }

    [Fact]
    public async Task Many_connections_come_and_go_and_none_is_left()
    {
        await using var server = ByteServer.Echo();
        var (port, sidecar) = await StartAsync(server.Port);
        await using var _ = sidecar;
        var descriptors = Directory.GetFiles($"/proc/{sidecar.Process.Id}/fd").Length;
        await Task.WhenAll(Enumerable.Range(0, 20).Select(async _ =>
        {
            for (var i = 0; i < 50; i++)
            {
                using var client = await RawClient.ConnectAsync(port);
                await client.SendAsync("x\n");
                Assert.Equal("x", await Eventually.Within(client.Connection.LineAsync(), "the echo"));
            }
        }));
        Assert.Equal(1000, server.Connections);
        await Eventually.IsTrue(() => server.Ended == 1000, "every connection's end");
        await Eventually.IsTrue(() => Directory.GetFiles($"/proc/{sidecar.Process.Id}/fd").Length <= descriptors + 2, "the descriptors to be given back");
    }

    private static async Task<(int Port, Sidecar Sidecar)> StartAsync(int server, JsonObject? proxy = null)
    {
        var port = Ports.Next();
        return (port, await Sidecar.StartAsync(new EnvoyFile().Tcp(port, "server", proxy: proxy).Cluster("server", server).Options()));
    }

    private static async Task SendAllAsync(RawClient client, byte[] bytes)
    {
        await client.Connection.SendAsync(bytes);
        client.Connection.Socket.Shutdown(SocketShutdown.Send);
    }
}
