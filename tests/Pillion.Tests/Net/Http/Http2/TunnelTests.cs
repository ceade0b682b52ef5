using System.Text;
using Pillion.Net.Http;
using Pillion.Net.Http.Http2;
using Xunit;
using static Pillion.Tests.Net.Http.Http2.FramePeer;
using HttpMethod = Pillion.Net.Http.HttpMethod;

namespace Pillion.Tests.Net.Http.Http2;

/// <summary>CONNECT (RFC 9113 §8.5) and extended CONNECT (RFC 8441), which the message model knows as an upgrade of HTTP/1.</summary>
public sealed class TunnelTests
{
    private static readonly string[] WebSocket =
        [":method: CONNECT", ":protocol: websocket", ":scheme: http", ":path: /chat", ":authority: orders", "sec-websocket-version: 13", "origin: x"];

    [Fact]
    public void A_client_that_asks_for_a_WebSocket_is_presented_as_one_of_HTTP_1()
    {
        var seen = "";
        using var fixture = new Http2Fixture();
        fixture.App = stream =>
        {
            var head = stream.Request;
            seen = $"{head.Method} {Encoding.ASCII.GetString(head.Target)} {head.Body} {head.WantsUpgrade} {stream.IsBodyReceived}\n{Http2Fixture.Text(head.Fields)}";
            return EchoAsync(stream, Switching());
        };
        var peer = Connect(fixture).Send(Headers(1, false, WebSocket));
        Assert.Equal("HEADERS 1 :status: 200, sec-websocket-protocol: chat\n", peer.Take());
        var lines = seen.Split('\n');
        Assert.Equal("Get /chat None True True", lines[0]);
        Assert.Contains("Connection: Upgrade", lines);
        Assert.Contains("Upgrade: websocket", lines);
        Assert.Equal(16, Convert.FromBase64String(lines.Single(l => l.StartsWith("sec-websocket-key: ", StringComparison.Ordinal))[19..]).Length);

        Assert.Equal("DATA 1 ping\n", peer.Send(Data(1, false, "ping")).Take());
        Assert.Equal("DATA 1 bye\nDATA 1  end\n", peer.Send(Data(1, false, "bye"), Data(1, true, "")).Take().Replace("DATA 1 bye end", "DATA 1 bye\nDATA 1  end"));
        Assert.Equal(0, fixture.Server.ActiveStreams);
    }

    [Fact]
    public void Bytes_that_came_before_the_switch_wait_for_it()
    {
        var go = new TaskCompletionSource();
        using var fixture = new Http2Fixture();
        fixture.App = async stream =>
        {
            Assert.Equal(BodyEvent.End, (await stream.ReceiveBodyAsync()).Event);
            await go.Task;
            await EchoAsync(stream, Switching());
        };
        var peer = Connect(fixture).Send(Headers(1, false, WebSocket), Data(1, false, "early"));
        Assert.Equal("", peer.Take());
        fixture.OnLoop(go.SetResult);
        Assert.Equal("HEADERS 1 :status: 200, sec-websocket-protocol: chat\nDATA 1 early\n", peer.Take());
    }

    [Theory]
    [InlineData(403, 403)]
    [InlineData(200, 501)]
    public void An_application_that_does_not_switch_is_not_taken_for_a_tunnel(int status, int expected)
    {
        using var fixture = new Http2Fixture();
        fixture.App = async stream =>
        {
            stream.WriteHead(new ResponseHead { Status = status, Body = BodyKind.Length }, close: false);
            await stream.FinishAsync(null);
        };
        var peer = Connect(fixture).Send(Headers(1, false, WebSocket));
        Assert.Equal($"HEADERS 1 :status: {expected}, content-length: 0 end\nRST_STREAM 1 NoError\n", peer.Take());
    }

    [Fact]
    public void Where_it_is_not_offered_extended_CONNECT_is_malformed()
    {
        using var fixture = new Http2Fixture(server: Http2Settings.Default with { AllowConnect = false });
        Assert.Equal("RST_STREAM 1 ProtocolError\n", Connect(fixture).Send(Headers(1, false, WebSocket)).Take());
    }

    [Fact]
    public void CONNECT_becomes_a_tunnel()
    {
        using var fixture = new Http2Fixture();
        fixture.App = stream =>
        {
            Assert.Equal((HttpMethod.Connect, TargetForm.Authority, true), (stream.Request.Method, stream.Request.Form, stream.IsBodyReceived));
            return EchoAsync(stream, new ResponseHead { Status = 200 });
        };
        var peer = Connect(fixture).Send(Headers(1, false, ":method: CONNECT", ":authority: db:5432"));
        Assert.Equal("HEADERS 1 :status: 200\nDATA 1 select\n", peer.Send(Data(1, false, "select")).Take());
        Assert.Equal("RST_STREAM 1 ConnectError\n", peer.Send(Data(1, false, "break")).Take());
    }

    [Fact]
    public void An_upgrade_is_sent_as_extended_CONNECT_and_its_grant_presented_as_101()
    {
        using var fixture = new Http2Fixture();
        var peer = ConnectUpstream(fixture, Settings((SettingId.EnableConnectProtocol, 1)));
        Http2ClientStream stream = null!;
        var response = new ResponseHead();
        var head = fixture.On(async () =>
        {
            stream = fixture.Client.TryOpen()!;
            Assert.True(stream.WriteHead(Upgrade()));
            await stream.FinishAsync(null);
            return await stream.ReceiveHeadAsync(response, HttpMethod.Get);
        });

        // The request is complete, its direction is not.
        Assert.Equal(
            "HEADERS 1 :method: CONNECT, :scheme: http, :path: /chat, :authority: orders, :protocol: websocket, sec-websocket-version: 13\n", peer.Take());
        peer.Send(Headers(1, false, ":status: 200", "sec-websocket-protocol: chat"), Data(1, false, "hello"));
        Assert.Equal((HeadOutcome.Received, 101, true), (head.Result.Outcome, response.Status, response.WantsUpgrade));
        Assert.Equal(
            "sec-websocket-protocol: chat\nConnection: Upgrade\nUpgrade: websocket\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\n",
            Http2Fixture.Text(response.Fields));

        Task<string> received = null!;
        fixture.OnLoop(() =>
        {
            stream.BeginTunnel();
            received = Http2Fixture.ReadAllAsync(stream);
            _ = Http2Fixture.SendAsync(stream, "to you");
        });
        Assert.Equal("DATA 1 to you\n", peer.Take());
        fixture.OnLoop(() => _ = stream.FinishAsync(null));
        Assert.Equal("DATA 1  end\n", peer.Take());
        peer.Send(Data(1, true, " world"));
        Assert.Equal("hello world", received.Result);
        fixture.OnLoop(stream.Release);
        Assert.Equal("", peer.Take());
    }

    [Fact]
    public void An_upstream_that_refuses_the_upgrade_answers_as_it_likes()
    {
        using var fixture = new Http2Fixture();
        var peer = ConnectUpstream(fixture, Settings((SettingId.EnableConnectProtocol, 1)));
        var answer = fixture.AskAsync(Upgrade());
        peer.Send(Headers(1, false, ":status: 403"), Data(1, true, "no"));
        Assert.Equal((403, "no"), (answer.Result.Status, answer.Result.Body));
    }

    [Fact]
    public void An_upstream_without_extended_CONNECT_cannot_be_asked()
    {
        using var fixture = new Http2Fixture();
        var peer = ConnectUpstream(fixture, Settings());
        fixture.OnLoop(() =>
        {
            var stream = fixture.Client.TryOpen()!;
            Assert.False(stream.WriteHead(Upgrade()));
            Assert.True(stream.CannotUpgrade);
            stream.Release();
        });
        Assert.Equal("", peer.Take());
    }

    [Fact]
    public void Whether_it_can_be_asked_is_known_with_its_SETTINGS()
    {
        using var fixture = new Http2Fixture();
        var peer = new FramePeer(fixture, fixture.ServerSocket);
        fixture.StartClient();
        var known = fixture.On(async () => await fixture.Client.SettingsAsync());
        Assert.False(known.IsCompleted);
        peer.Send(Settings((SettingId.EnableConnectProtocol, 1)));
        Assert.True(known.Result);
        Assert.True(fixture.Client.PeerAllowsExtendedConnect);
        Assert.True(fixture.On(async () => await fixture.Client.SettingsAsync()).Result);
    }

    [Fact]
    public void Both_sides_of_ours_switch_with_each_other()
    {
        using var fixture = new Http2Fixture();
        fixture.App = stream => EchoAsync(stream, Switching());
        fixture.Start();
        var echoed = fixture.On(async () =>
        {
            Assert.True(await fixture.Client.SettingsAsync());
            var stream = fixture.Client.TryOpen()!;
            Assert.True(stream.WriteHead(Upgrade()));
            await stream.FinishAsync(null);
            var response = new ResponseHead();
            await stream.ReceiveHeadAsync(response, HttpMethod.Get);
            stream.BeginTunnel();
            var reading = Http2Fixture.ReadAllAsync(stream);
            for (var i = 0; i < 50; i++)
            {
                await Http2Fixture.SendAsync(stream, new string('x', 10_000));
            }

            await stream.FinishAsync(null);
            var text = await reading;
            stream.Release();
            return (response.Status, text.Length);
        });
        Assert.Equal((101, 500_000), echoed.Result);
        Assert.Equal(0, fixture.Server.ActiveStreams);
    }

    private static RequestHead Upgrade()
    {
        var head = Http2Fixture.Head(
            "GET", "/chat", "orders", ("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="), ("Sec-WebSocket-Version", "13"));
        head.WantsUpgrade = true;
        return head;
    }

    private static ResponseHead Switching()
    {
        var head = new ResponseHead { Status = 101, WantsUpgrade = true };
        head.Fields.Add("Connection"u8, "Upgrade"u8);
        head.Fields.Add("Upgrade"u8, "websocket"u8);
        head.Fields.Add("Sec-WebSocket-Accept"u8, "whatever"u8);
        head.Fields.Add("Sec-WebSocket-Protocol"u8, "chat"u8);
        return head;
    }

    private static async Task EchoAsync(Http2ServerStream stream, ResponseHead head)
    {
        stream.WriteHead(head, close: false);
        await stream.FlushAsync();
        stream.BeginTunnel();
        while (true)
        {
            var part = await stream.ReceiveBodyAsync();
            if (part.Event != BodyEvent.Data)
            {
                await stream.FinishAsync(null);
                return;
            }

            if (part.Slab!.Filled.SequenceEqual("break"u8))
            {
                part.Slab.Consume(part.Count);
                stream.Abort(reset: true, Http2Error.ConnectError);
                return;
            }

            await stream.SendBodyAsync(part.Slab, part.Count);
        }
    }

    private static FramePeer Connect(Http2Fixture fixture)
    {
        var peer = new FramePeer(fixture, fixture.ClientSocket);
        fixture.StartServer();
        peer.Send(Hello, SettingsAck).Take();
        return peer;
    }

    private static FramePeer ConnectUpstream(Http2Fixture fixture, byte[] settings)
    {
        var peer = new FramePeer(fixture, fixture.ServerSocket);
        fixture.StartClient();
        peer.Send(settings, SettingsAck).Take();
        return peer;
    }
}
