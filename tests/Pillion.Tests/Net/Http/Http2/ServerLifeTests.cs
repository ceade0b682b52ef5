using Pillion.Net.Http;
using Pillion.Net.Http.Http2;
using Pillion.Net.Sockets;
using Xunit;
using static Pillion.Tests.Net.Http.Http2.FramePeer;

namespace Pillion.Tests.Net.Http.Http2;

/// <summary>How streams and connections end when nobody made a mistake.</summary>
public sealed class ServerLifeTests
{
    private const string Hello200 = "HEADERS 1 :status: 200, content-length: 5\nDATA 1 hello end\n";

    private readonly TaskCompletionSource _go = new();

    [Fact]
    public void SETTINGS_say_what_is_allowed()
    {
        using var fixture = new Http2Fixture();
        var peer = new FramePeer(fixture, fixture.ClientSocket);
        fixture.StartServer();
        Assert.Equal("SETTINGS 3=100 9=1 8=1 4=65536 1=4096 5=16384 6=61440\nWINDOW_UPDATE 0 983041\n", peer.Take(all: true));
        Assert.Equal("SETTINGS ack\n", peer.Send(Hello).Take(all: true));
    }

    [Fact]
    public void PING_is_answered()
    {
        using var fixture = new Http2Fixture();
        Assert.Equal("PING 123456789abcdef0 ack\n", Connect(fixture).Send(Ping(0x1234_5678_9ABC_DEF0)).Take());
    }

    [Fact]
    public void Unknown_frames_and_settings_are_ignored()
    {
        using var fixture = new Http2Fixture();
        var peer = Connect(fixture);
        peer.Send(Frame((FrameType)0xEE, 0xFF, 7, 1, 2, 3), Settings(((SettingId)0x7777, 5), (SettingId.MaxHeaderListSize, 1)), Get(1));
        Assert.Equal(Hello200, peer.Take());
    }

    [Fact]
    public void A_reset_tells_the_exchange_that_the_client_left()
    {
        var leaving = new Leaving();
        Http2Error? code = null;
        using var fixture = new Http2Fixture();
        fixture.App = async stream =>
        {
            stream.ClientWatcher = leaving;
            Assert.True(await leaving.Done.Task);
            code = stream.PeerReset;
        };
        var peer = Connect(fixture);
        Assert.Equal("", peer.Send(Get(1, false)).Send(Reset(1, Http2Error.Cancel)).Take());
        Assert.Equal(Http2Error.Cancel, code);
        Assert.Equal(0, fixture.Server.ActiveStreams);
    }

    [Fact]
    public void A_reset_wakes_whoever_receives()
    {
        string? seen = null;
        using var fixture = new Http2Fixture();
        fixture.App = async stream => seen = await Http2Fixture.ReadAllAsync(stream);
        Connect(fixture).Send(Get(1, false), Data(1, false, "half")).Send(Reset(1, Http2Error.Cancel));
        Assert.Equal("half!Reset/None", seen);
    }

    [Fact]
    public void A_request_that_is_reset_in_the_piece_it_came_in_is_never_heard_of()
    {
        using var fixture = new Http2Fixture();
        Assert.Equal("", Connect(fixture).Send(Get(1, false), Reset(1, Http2Error.Cancel)).Take());
        Assert.Equal((0, 0), (fixture.Arrived, fixture.Server.ActiveStreams));
    }

    [Fact]
    public void A_stream_that_was_reset_counts_until_its_exchange_is_over()
    {
        using var fixture = new Http2Fixture(server: Http2Settings.Default with { MaxConcurrentStreams = 2 }) { App = _ => _go.Task };
        var peer = Connect(fixture);
        peer.Send(Get(1), Get(3)).Send(Reset(1, Http2Error.Cancel), Reset(3, Http2Error.Cancel)).Take();
        Assert.Equal(2, fixture.Server.ActiveStreams);
        Assert.Equal("RST_STREAM 5 RefusedStream\n", peer.Send(Get(5)).Take());
        fixture.OnLoop(_go.SetResult);
        fixture.App = Http2Fixture.AnswerHelloAsync;
        Assert.Equal("HEADERS 7 :status: 200, content-length: 5\nDATA 7 hello end\n", peer.Send(Get(7)).Take());
    }

    [Fact]
    public void An_answer_before_the_end_of_the_request_tells_the_client_to_stop()
    {
        using var fixture = new Http2Fixture
        {
            App = async stream =>
            {
                stream.WriteHead(new ResponseHead { Status = 413, Body = BodyKind.Length }, close: true);
                await stream.FinishAsync(null);
            },
        };
        var peer = Connect(fixture).Send(Get(1, false, method: "POST"));
        Assert.Equal("HEADERS 1 :status: 413, content-length: 0 end\nRST_STREAM 1 NoError\n", peer.Take());

        // What is on its way is dropped.
        Assert.Equal("", peer.Send(Data(1, false, "x"), Headers(1, true, "a: b"), WindowUpdate(1, 5), Reset(1, Http2Error.Cancel)).Take());
    }

    [Fact]
    public void An_answer_that_is_not_finished_is_reset()
    {
        using var fixture = new Http2Fixture
        {
            App = async stream =>
            {
                stream.WriteHead(new ResponseHead { Status = 200, Body = BodyKind.Chunked }, close: false);
                await Http2Fixture.SendAsync(stream, "half");
            },
        };
        Assert.Equal("HEADERS 1 :status: 200\nDATA 1 half\nRST_STREAM 1 InternalError\n", Connect(fixture).Send(Get(1)).Take());
    }

    [Fact]
    public void A_frame_may_arrive_for_longer_than_its_stream_lives()
    {
        using var fixture = new Http2Fixture { App = _ => _go.Task };
        var data = Data(1, true, new string('x', 100));
        var peer = Connect(fixture).Send(Get(1, false), data[..50]);
        fixture.OnLoop(_go.SetResult);
        fixture.App = Http2Fixture.AnswerHelloAsync;
        Assert.Equal("RST_STREAM 1 InternalError\n", peer.Take());
        Assert.Equal("HEADERS 3 :status: 200, content-length: 5\nDATA 3 hello end\n", peer.Send(data[50..], Get(3)).Take());
    }

    [Fact]
    public void An_abort_says_why()
    {
        var received = "";
        IoResult sent = default;
        using var fixture = new Http2Fixture
        {
            App = async stream =>
            {
                var waiting = Http2Fixture.ReadAllAsync(stream);
                stream.Abort(reset: true, Http2Error.ConnectError);
                received = await waiting;
                stream.WriteHead(new ResponseHead { Status = 200, Body = BodyKind.Chunked }, close: false);
                sent = await Http2Fixture.SendAsync(stream, "x");
            },
        };
        Assert.Equal("RST_STREAM 1 ConnectError\n", Connect(fixture).Send(Get(1, false)).Take());
        Assert.Equal("!Closed/None", received);
        Assert.Equal(IoError.Closed, sent.Error);
    }

    [Fact]
    public void A_cancelled_wait_for_a_body_loses_nothing()
    {
        var seen = "";
        using var cancel = new CancellationTokenSource();
        using var fixture = new Http2Fixture
        {
            App = async stream =>
            {
                var part = await stream.ReceiveBodyAsync(cancel.Token);
                seen = $"{part.Error} {await Http2Fixture.ReadAllAsync(stream)}";
                await Http2Fixture.AnswerHelloAsync(stream);
            },
        };
        var peer = Connect(fixture).Send(Get(1, false));
        fixture.OnLoop(cancel.Cancel);
        Assert.Equal(Hello200, peer.Send(Data(1, true, "body")).Take());
        Assert.Equal("Cancelled body", seen);
    }

    [Fact]
    public void An_idle_connection_holds_no_memory_and_ends_in_order()
    {
        using var fixture = new Http2Fixture { IdleTimeout = TimeSpan.FromSeconds(60) };
        var peer = Connect(fixture);
        Assert.Equal(Hello200, peer.Send(Get(1)).Take());
        fixture.Advance(TimeSpan.FromSeconds(59));
        Assert.Equal((null, 0), (fixture.End, fixture.Loop.Slabs.Rented));
        fixture.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal("GOAWAY 1 NoError\n", peer.Take());
        Assert.True(peer.IsEnded);
        peer.Close();
        Assert.Equal(Http2EndReason.IdleTimeout, fixture.End?.Reason);
    }

    [Fact]
    public void A_connection_with_a_stream_is_not_idle()
    {
        using var fixture = new Http2Fixture { IdleTimeout = TimeSpan.FromSeconds(60), App = _ => _go.Task };
        var peer = Connect(fixture).Send(Get(1));
        fixture.Advance(TimeSpan.FromMinutes(10));
        fixture.Advance(TimeSpan.FromMinutes(10));
        Assert.Equal("", peer.Take());
        fixture.OnLoop(_go.SetResult);
        fixture.Advance(TimeSpan.FromSeconds(50));
        Assert.Equal("RST_STREAM 1 InternalError\n", peer.Take());
        fixture.Advance(TimeSpan.FromSeconds(20));
        Assert.Equal("GOAWAY 1 NoError\n", peer.Take());
    }

    [Fact]
    public void A_peer_that_never_begins_is_not_waited_for()
    {
        using var fixture = new Http2Fixture();
        var peer = new FramePeer(fixture, fixture.ClientSocket);
        fixture.StartServer();
        peer.Send("PRI * HT"u8.ToArray()).Take();
        fixture.Advance(TimeSpan.FromSeconds(11));
        Assert.Equal("GOAWAY 0 SettingsTimeout\n", peer.Take());
    }

    [Fact]
    public void A_peer_that_does_not_acknowledge_SETTINGS_is_not_served_on()
    {
        using var fixture = new Http2Fixture();
        var peer = new FramePeer(fixture, fixture.ClientSocket);
        fixture.StartServer();
        Assert.Equal(Hello200, peer.Send(Hello, Get(1)).Take());
        fixture.Advance(TimeSpan.FromSeconds(11));
        Assert.Equal("GOAWAY 1 SettingsTimeout\n", peer.Take());
    }

    [Fact]
    public void A_field_block_must_end_in_time()
    {
        using var fixture = new Http2Fixture();
        var peer = Connect(fixture).Send(Frame(FrameType.Headers, 0, 1, 0x82));
        fixture.Advance(TimeSpan.FromSeconds(11));
        Assert.Equal("GOAWAY 0 EnhanceYourCalm\n", peer.Take());
    }

    [Fact]
    public void A_connection_is_kept_alive_by_PING_and_given_up_without_an_answer()
    {
        var settings = Http2Settings.Default with { KeepAliveInterval = TimeSpan.FromSeconds(10), KeepAliveTimeout = TimeSpan.FromSeconds(5) };
        using var fixture = new Http2Fixture(server: settings) { App = _ => _go.Task };
        var peer = Connect(fixture).Send(Get(1));
        fixture.Advance(TimeSpan.FromSeconds(11));
        var ping = peer.Take();
        Assert.StartsWith("PING ", ping, StringComparison.Ordinal);
        peer.Send(Ping(Convert.ToUInt64(ping[5..].Trim(), 16), ack: true));
        fixture.Advance(TimeSpan.FromSeconds(9));
        Assert.Equal("", peer.Take());
        fixture.Advance(TimeSpan.FromSeconds(2));
        Assert.StartsWith("PING ", peer.Take(), StringComparison.Ordinal);
        fixture.Advance(TimeSpan.FromSeconds(6));
        Assert.True(peer.IsReset);
        fixture.OnLoop(_go.SetResult);
        Assert.Equal((Http2EndReason.Failed, IoError.TimedOut), (fixture.End?.Reason, fixture.End?.Error));
    }

    [Fact]
    public void A_drain_is_announced_then_fixed_and_ends_with_the_last_stream()
    {
        using var fixture = new Http2Fixture { App = _ => _go.Task };
        var peer = Connect(fixture).Send(Get(1));
        fixture.OnLoop(fixture.Server.BeginDrain);
        var announced = peer.Take().Split('\n');
        Assert.Equal("GOAWAY 2147483647 NoError", announced[0]);

        // A request that was under way is still served.
        Assert.Equal("", peer.Send(Get(3)).Take());
        Assert.Equal("GOAWAY 3 NoError\n", peer.Send(Ping(Convert.ToUInt64(announced[1][5..], 16), ack: true)).Take());
        Assert.Equal("", peer.Send(Get(5)).Take());
        Assert.Equal(2, fixture.Arrived);
        Assert.Null(fixture.End);
        fixture.OnLoop(_go.SetResult);
        Assert.Equal("RST_STREAM 1 InternalError\nRST_STREAM 3 InternalError\nGOAWAY 3 NoError\n", peer.Take());
        Assert.True(peer.IsEnded);
        peer.Close();
        Assert.Equal(Http2EndReason.Drained, fixture.End?.Reason);
    }

    [Fact]
    public void A_drain_does_not_wait_for_a_PING_that_nobody_answers()
    {
        using var fixture = new Http2Fixture();
        var peer = Connect(fixture);
        fixture.OnLoop(fixture.Server.BeginDrain);
        peer.Take();
        fixture.Advance(TimeSpan.FromMilliseconds(900));
        Assert.Equal("", peer.Take());
        fixture.Advance(TimeSpan.FromMilliseconds(200));
        Assert.Equal("GOAWAY 0 NoError\n", peer.Take());
        Assert.True(peer.IsEnded);
        fixture.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(Http2EndReason.Drained, fixture.End?.Reason);
    }

    [Fact]
    public void An_answer_reaches_a_client_that_has_closed_its_half()
    {
        using var fixture = new Http2Fixture
        {
            App = async stream =>
            {
                await _go.Task;
                await Http2Fixture.AnswerHelloAsync(stream);
            },
        };
        var peer = Connect(fixture).Send(Get(1));
        peer.End();
        fixture.OnLoop(_go.SetResult);
        Assert.Equal(Hello200, peer.Take());
        Assert.True(peer.IsEnded);
        Assert.Equal(Http2EndReason.EndedByPeer, fixture.End?.Reason);
    }

    [Fact]
    public void A_request_cut_off_by_the_end_of_the_connection_fails()
    {
        var seen = "";
        using var fixture = new Http2Fixture();
        fixture.App = async stream => seen = await Http2Fixture.ReadAllAsync(stream);
        Connect(fixture).Send(Get(1, false), Data(1, false, "half")).End();
        Assert.Equal("half!None/None", seen);
        Assert.Equal(Http2EndReason.EndedByPeer, fixture.End?.Reason);
    }

    [Fact]
    public void A_broken_connection_ends_every_exchange()
    {
        var left = 0;
        using var fixture = new Http2Fixture();
        fixture.App = async stream =>
        {
            var leaving = new Leaving();
            stream.ClientWatcher = leaving;
            Assert.True(await leaving.Done.Task);
            left++;
        };
        Connect(fixture).Send(Get(1), Get(3), Get(5, false));
        fixture.OnLoop(fixture.ClientSocket.Abort);
        Assert.Equal(3, left);
        Assert.Equal((Http2EndReason.Failed, IoError.Reset), (fixture.End?.Reason, fixture.End?.Error));
    }

    [Fact]
    public void An_abort_of_the_connection_ends_every_exchange()
    {
        var left = 0;
        using var fixture = new Http2Fixture();
        fixture.App = async stream =>
        {
            var leaving = new Leaving();
            stream.ClientWatcher = leaving;
            Assert.True(await leaving.Done.Task);
            left++;
        };
        var peer = Connect(fixture).Send(Get(1), Get(3));
        fixture.OnLoop(fixture.Server.Abort);
        Assert.Equal(2, left);
        Assert.True(peer.IsReset);
        Assert.Equal(Http2EndReason.Failed, fixture.End?.Reason);
    }

    [Fact]
    public void A_clients_GOAWAY_lets_its_streams_end()
    {
        using var fixture = new Http2Fixture
        {
            App = async stream =>
            {
                await _go.Task;
                await Http2Fixture.AnswerHelloAsync(stream);
            },
        };
        var peer = Connect(fixture).Send(Get(1), GoAway(0, Http2Error.NoError, "bye"));
        fixture.OnLoop(_go.SetResult);
        Assert.Equal(Hello200, peer.Take());
        peer.Close();
        Assert.Equal(Http2EndReason.EndedByPeer, fixture.End?.Reason);
    }

    private static FramePeer Connect(Http2Fixture fixture)
    {
        var peer = new FramePeer(fixture, fixture.ClientSocket);
        fixture.StartServer();
        peer.Send(Hello, SettingsAck).Take();
        return peer;
    }
}
