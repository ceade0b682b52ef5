using System.Net.WebSockets;
using System.Text;
using Pillion.EndToEnd.Support;
using Xunit;

namespace Pillion.EndToEnd.Traffic;

/// <summary>WebSocket through the proxy with real peers on both ends.</summary>
public sealed class WebSocketTests
{
    [Fact]
    public async Task Pythons_websockets_echo_through_the_proxy()
    {
        var python = Peers.Need("python3");
        Assert.SkipUnless((await Running.ToEndAsync(python, ["-c", "import websockets"])).Code == 0, "Debian's python3-websockets is not installed; ./test.sh installs it where apt may");
        var (server, proxy) = (Ports.Next(), Ports.Next());
        await using var sidecar = await Sidecar.StartAsync($$"""
            app: 127.0.0.1:{{server}}
            inbound: { address: "127.0.0.1:{{proxy}}" }
            outbound: off
            """);
        var result = await Running.ToEndAsync(python, [Path.Combine(AppContext.BaseDirectory, "websocket_echo.py"), $"{server}", $"{proxy}"]);
        Assert.True(result is { Code: 0, Out: "echoed\n" }, result.ToString());
    }

    [Fact]
    public async Task NETs_client_echoes_and_the_switched_protocol_may_be_refused()
    {
        await using var app = TestApp.Start();
        app.Handler = EchoAsync;
        var (proxy, without) = (Ports.Next(), Ports.Next());
        await using var sidecar = await Sidecar.StartAsync($$"""
            app: 127.0.0.1:{{app.Port}}
            inbound: { address: "127.0.0.1:{{proxy}}" }
            outbound: { address: "127.0.0.1:{{without}}", http: { upgrades: [] }, services: { app: { endpoints: ["127.0.0.1:{{app.Port}}"] } } }
            """.Replace("services: { app:", "services: { orders:"));

        using var socket = new ClientWebSocket();
        await socket.ConnectAsync(new Uri($"ws://127.0.0.1:{proxy}/"), CancellationToken.None).WaitAsync(Eventually.Limit);
        await socket.SendAsync(Encoding.UTF8.GetBytes("over the wire"), WebSocketMessageType.Text, true, CancellationToken.None);
        var buffer = new byte[100];
        var received = await socket.ReceiveAsync(buffer, CancellationToken.None).WaitAsync(Eventually.Limit);
        Assert.Equal("over the wire", Encoding.UTF8.GetString(buffer, 0, received.Count));
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "", CancellationToken.None).WaitAsync(Eventually.Limit);

        // Where upgrades are not allowed, the request goes on as an ordinary one and the upgrade is not mentioned to the application.
        using var raw = await RawClient.ConnectAsync(without);
        await raw.SendAsync("GET /head HTTP/1.1\r\nHost: orders\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
        var answer = await raw.AnswerAsync();
        Assert.NotEqual(101, answer!.Status);
        Assert.DoesNotContain("Upgrade:", answer.Body);
    }

    // The server's side of RFC 6455 is .NET's own, once the connection is switched.
    private static async Task<bool> EchoAsync(AppRequest request)
    {
        if (request["Upgrade"] is null)
        {
            return false;
        }

        var accept = Convert.ToBase64String(System.Security.Cryptography.SHA1.HashData(Encoding.ASCII.GetBytes(request["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")));
        await request.Connection.SendAsync($"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n");
        request.Connection.IsTaken = true;
        using var stream = new System.Net.Sockets.NetworkStream(request.Connection.Socket);
        using var socket = WebSocket.CreateFromStream(stream, new WebSocketCreationOptions { IsServer = true });
        var buffer = new byte[4096];
        while (await socket.ReceiveAsync(buffer, CancellationToken.None) is { MessageType: not WebSocketMessageType.Close } received)
        {
            await socket.SendAsync(buffer.AsMemory(0, received.Count), received.MessageType, received.EndOfMessage, CancellationToken.None);
        }

        await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "", CancellationToken.None);
        return true;
    }
}
