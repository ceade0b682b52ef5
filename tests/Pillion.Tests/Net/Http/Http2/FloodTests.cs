using Pillion.Net.Http.Http2;
using Xunit;
using static Pillion.Tests.Net.Http.Http2.FramePeer;

namespace Pillion.Tests.Net.Http.Http2;

/// <summary>What a client can send for little: just as much as allowed is served on, one more ends the connection.</summary>
public sealed class FloodTests
{
    private const string Calm = "EnhanceYourCalm";

    [Fact]
    public void Empty_DATA()
    {
        var frames = new[] { Get(1, false), Data(1, false, ""), Data(1, false, "x"), Data(1, false, "") };
        Bears(frames);
        Ends([.. frames, Data(1, false, "")], Http2Violation.EmptyFrameFlood);
    }

    [Fact]
    public void Empty_CONTINUATION()
    {
        var frames = new[] { Frame(FrameType.Headers, 0, 1, Block(":method: GET")), Frame(FrameType.Continuation, 0, 1) };
        Bears(frames);
        Ends([.. frames, Frame(FrameType.Continuation, 0, 1)], Http2Violation.EmptyFrameFlood);
    }

    [Fact]
    public void CONTINUATION()
    {
        var frames = Enumerable.Range(0, 17).Select(i => Frame(i == 0 ? FrameType.Headers : FrameType.Continuation, 0, 1, Block($"a{i}: b"))).ToArray();
        Bears(frames);
        Ends([.. frames, Frame(FrameType.Continuation, 0, 1, 0x82)], Http2Violation.ContinuationFlood);
    }

    [Fact]
    public void Bytes_of_a_block()
    {
        var settings = Http2Settings.Default with { MaxContinuationFrames = 1000 };
        var piece = new byte[16_000];
        piece.AsSpan().Fill(0x82);
        var frames = Enumerable.Range(0, 8).Select(i => Frame(i == 0 ? FrameType.Headers : FrameType.Continuation, 0, 1, piece)).ToArray();
        Bears(frames, settings);
        Ends([.. frames, Frame(FrameType.Continuation, 0, 1, piece)], Http2Violation.FieldBlockTooLarge, settings);
    }

    [Fact]
    public void PRIORITY()
    {
        var frames = Enumerable.Repeat(Frame(FrameType.Priority, 0, 1, 0, 0, 0, 0, 1), 200).Prepend(Get(1, false)).ToArray();
        Bears(frames);
        Ends([.. frames, frames[^1]], Http2Violation.PriorityFlood);
    }

    [Fact]
    public void WINDOW_UPDATE()
    {
        var frames = Enumerable.Repeat(WindowUpdate(0, 1), 7).Prepend(Get(1, false)).ToArray();
        Bears(frames);
        Ends([.. frames, frames[^1]], Http2Violation.WindowUpdateFlood);
    }

    [Fact]
    public void SETTINGS()
    {
        var frames = Enumerable.Repeat(Settings(), 99).ToArray();
        Bears(frames);
        Ends([.. frames, Settings()], Http2Violation.SettingsFlood);
    }

    [Fact]
    public void PING()
    {
        var settings = Http2Settings.Default with { MaxPingFrames = 50 };
        var frames = Enumerable.Repeat(Ping(7), 51).Prepend(Get(1, false)).ToArray();
        Bears(frames, settings);
        Ends([.. frames, Ping(7)], Http2Violation.PingFlood, settings);
    }

    [Fact]
    public void A_PING_per_request_is_no_flood()
    {
        var settings = Http2Settings.Default with { MaxPingFrames = 1 };
        Bears([.. Enumerable.Range(0, 90).SelectMany(i => (byte[][])[Get((2 * i) + 1), Ping(1)])], settings);
    }

    [Fact]
    public void Rapid_resets()
    {
        var settings = Http2Settings.Default with { MaxResets = 20 };
        var frames = Enumerable.Range(0, 20).SelectMany(i => (byte[][])[Get((2 * i) + 1, false), Reset((2 * i) + 1, Http2Error.Cancel)]).ToArray();
        Bears(frames, settings);
        Ends([.. frames, Get(51, false), Reset(51, Http2Error.Cancel)], Http2Violation.ResetFlood, settings);
    }

    [Fact]
    public void Mistakes_that_make_us_reset()
    {
        var settings = Http2Settings.Default with { MaxResets = 20 };
        var frames = Enumerable.Range(0, 20).Select(i => Get((2 * i) + 1, fields: "connection: x")).ToArray();
        Bears(frames, settings);
        Ends([.. frames, Get(51, fields: "connection: x")], Http2Violation.ResetFlood, settings);
    }

    [Fact]
    public void Resets_are_allowed_again_as_time_passes()
    {
        var settings = Http2Settings.Default with { MaxResets = 2, MaxResetsPerSecond = 1 };
        using var fixture = new Http2Fixture(server: settings);
        var peer = Connect(fixture);
        for (var i = 0; i < 10; i++)
        {
            Assert.Equal("", peer.Send(Get((2 * i) + 1, false), Reset((2 * i) + 1, Http2Error.Cancel)).Take());
            fixture.Advance(TimeSpan.FromSeconds(1));
        }
    }

    [Fact]
    public void Streams_above_the_limit()
    {
        using var fixture = new Http2Fixture(server: Http2Settings.Default with { MaxConcurrentStreams = 3 }) { App = Wait };
        var peer = Connect(fixture);
        peer.Send([.. Enumerable.Range(0, 5).Select(i => Get((2 * i) + 1, false))]);
        Assert.Equal("RST_STREAM 7 RefusedStream\nRST_STREAM 9 RefusedStream\n", peer.Take());
        Assert.Equal(3, fixture.Arrived);
    }

    [Theory]
    [InlineData(1_000, nameof(Http2Violation.OutboundControlFrameFlood))]
    [InlineData(10_000_000, nameof(Http2Violation.OutboundFrameFlood))]
    public void Answers_that_the_client_does_not_read(int maxControls, string violation)
    {
        var settings = Http2Settings.Default with { MaxPingFrames = 1_000_000, MaxOutboundControlFrames = maxControls };
        using var fixture = new Http2Fixture(server: settings, capacity: 10_000) { App = Wait };
        var peer = new FramePeer(fixture, fixture.ClientSocket, reads: false);
        fixture.StartServer();
        peer.Send(Hello, SettingsAck);
        var pings = Enumerable.Repeat(Ping(7), 500).ToArray();
        for (var i = 0; i < 60 && fixture.End is null; i++)
        {
            peer.Send(pings);
        }

        Assert.Equal((Http2EndReason.Violated, violation), (fixture.End?.Reason, fixture.End?.Violation.ToString()));
        Assert.True(fixture.ClientSocket.IsPeerClosed);
    }

    [Fact]
    public void Many_answers_in_one_turn_to_a_client_that_reads_are_no_flood()
    {
        var settings = Http2Settings.Default with { MaxPingFrames = 1_000_000 };
        using var fixture = new Http2Fixture(server: settings);
        var peer = Connect(fixture);
        peer.Send([.. Enumerable.Repeat(Ping(7), 3_000)]);
        Assert.Equal(3_000, peer.Take().Split('\n').Length - 1);
    }

    [Fact]
    public void A_bomb_of_fields_is_answered_with_431_and_held_by_nobody()
    {
        var violation = "";
        using var fixture = new Http2Fixture
        {
            App = stream =>
            {
                violation = stream.Violation.ToString();
                return Http2Fixture.AnswerHelloAsync(stream);
            },
        };
        var peer = Connect(fixture);
        byte[] entry = [0x40, 1, (byte)'a', 0x7F, 0x81, 0x1E, .. new byte[3968].Select(_ => (byte)'b')];
        byte[] bomb = [.. Block(":method: GET", ":scheme: http", ":path: /", ":authority: a"), .. entry, .. new byte[12_000].Select(_ => (byte)0xBE)];
        peer.Send(Frame(FrameType.Headers, FrameFlags.EndHeaders | FrameFlags.EndStream, 1, bomb)).Take();
        Assert.Equal("HeadTooLarge", violation);

        // 62 is the entry still.
        byte[] again = [.. Block(":method: GET", ":scheme: http", ":path: /", ":authority: a"), 0xBE];
        Assert.Contains("200", peer.Send(Frame(FrameType.Headers, FrameFlags.EndHeaders | FrameFlags.EndStream, 3, again)).Take(), StringComparison.Ordinal);
        Assert.Equal("None", violation);
    }

    private static void Bears(byte[][] frames, Http2Settings? settings = null)
    {
        using var fixture = new Http2Fixture(server: settings) { App = Wait };
        var peer = Connect(fixture);
        Assert.DoesNotContain(Calm, peer.Send(frames).Take(), StringComparison.Ordinal);
        Assert.Null(fixture.End);
    }

    private static void Ends(byte[][] frames, Http2Violation violation, Http2Settings? settings = null)
    {
        using var fixture = new Http2Fixture(server: settings) { App = Wait };
        var peer = Connect(fixture);
        Assert.EndsWith($" {Calm}\n", peer.Send(frames).Take(), StringComparison.Ordinal);
        peer.Close();
        Assert.Equal(violation, fixture.End?.Violation);
    }

    private static Task Wait(Http2ServerStream stream)
    {
        var leaving = new Leaving();
        stream.ClientWatcher = leaving;
        return leaving.Done.Task;
    }

    private static FramePeer Connect(Http2Fixture fixture)
    {
        var peer = new FramePeer(fixture, fixture.ClientSocket);
        fixture.StartServer();
        peer.Send(Hello, SettingsAck).Take();
        return peer;
    }
}
