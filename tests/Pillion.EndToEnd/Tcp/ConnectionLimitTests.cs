using System.Net.Sockets;
using System.Text.Json.Nodes;
using Pillion.EndToEnd.Support;
using Xunit;

namespace Pillion.EndToEnd.Tcp;

/// <summary>Envoy's connection limit before a relay: so many at once, and room again when one has left.</summary>
public sealed class ConnectionLimitTests
{
    [Fact]
    public async Task What_comes_above_the_limit_is_closed_and_a_place_that_gets_free_is_given_again()
    {
        await using var server = ByteServer.Echo();
        var port = Ports.Next();
        var file = new EnvoyFile().Tcp(port, "bytes").WithFilter(new JsonObject
        {
            ["name"] = "envoy.filters.network.connection_limit",
            ["typed_config"] = new JsonObject
            {
                ["@type"] = "type.googleapis.com/envoy.extensions.filters.network.connection_limit.v3.ConnectionLimit",
                ["stat_prefix"] = "few",
                ["max_connections"] = 2,
            },
        }).Cluster("bytes", server.Port);
        await using var sidecar = await Sidecar.StartAsync(file.Options());
        using var second = await EchoAsync(port);
        using (var first = await EchoAsync(port))
        {
            Assert.Equal("", await AskAsync(port, "hello"));
        }

        await Eventually.IsTrue(async () => await AskAsync(port, "again") == "again", "a place");
        Assert.Contains("downstream_cx_overflow", await sidecar.AdminClient.GetStringAsync("/stats"));
    }

    private static async Task<RawClient> EchoAsync(int port)
    {
        var client = await RawClient.ConnectAsync(port);
        await client.SendAsync("x");
        await Eventually.Within(client.Connection.SomeAsync(), "the echo");
        return client;
    }

    // Whoever is refused may be reset at any time, while it still connects included.
    private static async Task<string> AskAsync(int port, string text)
    {
        try
        {
            using var client = await RawClient.ConnectAsync(port);
            await client.SendAsync(text);
            client.Connection.Socket.Shutdown(SocketShutdown.Send);
            return await client.RestAsync();
        }
        catch (SocketException)
        {
            return "";
        }
    }
}
