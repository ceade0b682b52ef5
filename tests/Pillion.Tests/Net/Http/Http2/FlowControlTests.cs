using System.Text;
using Pillion.Net.Http;
using Pillion.Net.Http.Http2;
using Pillion.Net.Memory;
using Pillion.Net.Sockets;
using Xunit;
using static Pillion.Tests.Net.Http.Http2.FramePeer;

namespace Pillion.Tests.Net.Http.Http2;

/// <summary>RFC 9113 §5.2, §6.9: whoever does not read holds back its own writer, and nobody else's.</summary>
public sealed class FlowControlTests
{
    [Fact]
    public void An_answer_waits_for_the_streams_window()
    {
        using var fixture = new Http2Fixture { App = stream => AnswerAsync(stream, 100_000) };
        var peer = Connect(fixture, Settings((SettingId.InitialWindowSize, 10)));
        peer.Send(Get(1));
        Assert.Equal("HEADERS 1 :status: 200\nDATA 1 xxxxxxxxxx\n", peer.Take());
        Assert.Equal("DATA 1 xxxxx\n", peer.Send(WindowUpdate(1, 5)).Take());
        Assert.Equal("", peer.Send(WindowUpdate(0, 1_000_000)).Take());
        peer.Send(WindowUpdate(1, 1_000_000)).Take();
        Assert.Equal(100_000, peer.DataBytes);
    }

    [Fact]
    public void An_answer_waits_for_the_connections_window_in_turns_with_others()
    {
        using var fixture = new Http2Fixture { App = stream => AnswerAsync(stream, 60_000) };
        var peer = Connect(fixture);
        peer.Send(Get(1), Get(3), Get(5)).Take();
        Assert.Equal(65_535, peer.DataBytes);

        // Stream 1 is complete; of the others each gets a frame in turn.
        var order = peer.Send(WindowUpdate(0, 50_000)).Take();
        Assert.Equal("DATA 3 (16384)\nDATA 5 (16384)\nDATA 3 (16384)\nDATA 5 (848)\n", order);
        peer.Send(WindowUpdate(0, 1_000_000)).Take();
        Assert.Equal(180_000, peer.DataBytes);
    }

    [Fact]
    public void A_smaller_window_may_make_that_of_a_stream_negative()
    {
        using var fixture = new Http2Fixture { App = stream => AnswerAsync(stream, 1000) };
        var peer = Connect(fixture, Settings((SettingId.InitialWindowSize, 100)));
        peer.Send(Get(1)).Take();
        Assert.Equal(100, peer.DataBytes);
        peer.Send(Settings((SettingId.InitialWindowSize, 40)), WindowUpdate(1, 60)).Take();
        Assert.Equal(100, peer.DataBytes);
        peer.Send(WindowUpdate(1, 1)).Take();
        Assert.Equal(101, peer.DataBytes);
        peer.Send(Settings((SettingId.InitialWindowSize, 1000))).Take();
        Assert.Equal(1000, peer.DataBytes);
    }

    [Fact]
    public void A_request_is_let_in_only_as_it_is_consumed()
    {
        var go = new TaskCompletionSource();
        using var fixture = new Http2Fixture(server: Http2Settings.Default with { StreamWindow = 1000 });
        fixture.App = async stream =>
        {
            await go.Task;
            await Http2Fixture.AnswerHelloAsync(stream);
        };
        var peer = Connect(fixture);
        Assert.Equal("", peer.Send(Get(1, false, method: "POST"), Data(1, false, new string('x', 1000))).Take(all: true));
        fixture.OnLoop(go.SetResult);
        Assert.Equal("WINDOW_UPDATE 1 1000\n", peer.Take(all: true));
        Assert.Equal("HEADERS 1 :status: 200, content-length: 5\nDATA 1 hello end\n", peer.Send(Data(1, true, new string('x', 1000))).Take(all: true));
    }

    [Fact]
    public void Padding_counts_and_is_given_back_at_once()
    {
        using var fixture = new Http2Fixture(server: Http2Settings.Default with { StreamWindow = 100 }) { App = AnswerNeverAsync };
        var peer = Connect(fixture);
        var padded = Frame(FrameType.Data, FrameFlags.Padded, 1, [60, (byte)'x', .. new byte[60]]);
        Assert.Equal("WINDOW_UPDATE 1 61\n", peer.Send(Get(1, false), padded).Take(all: true));
        Assert.Equal("", peer.Send(Data(1, false, new string('x', 99))).Take(all: true));
        Assert.Equal("RST_STREAM 1 FlowControlError\n", peer.Send(Data(1, false, "x")).Take(all: true));
    }

    [Fact]
    public void More_than_the_connections_window_ends_it()
    {
        using var fixture = new Http2Fixture(server: Http2Settings.Default with { ConnectionWindow = 65_535, StreamWindow = 70_000 }) { App = AnswerNeverAsync };
        var peer = Connect(fixture);
        peer.Send([Get(1, false), .. Enumerable.Repeat(Data(1, false, new string('x', 16_000)), 4)]);
        Assert.Equal("", peer.Take(all: true));
        Assert.Equal("GOAWAY 1 FlowControlError\n", peer.Send(Data(1, false, new string('x', 16_000))).Take());
    }

    [Fact]
    public void What_a_dropped_stream_held_is_given_back_to_the_connection()
    {
        using var fixture = new Http2Fixture(server: Http2Settings.Default with { ConnectionWindow = 65_535 }) { App = AnswerNeverAsync };
        var peer = Connect(fixture);
        peer.Send(Get(1, false), Data(1, false, new string('x', 16_000)), Data(1, false, new string('x', 16_000)), Data(1, false, new string('x', 16_000)));
        Assert.Equal("", peer.Take(all: true));
        Assert.Equal("WINDOW_UPDATE 0 48000\n", peer.Send(Reset(1, Http2Error.Cancel)).Take(all: true));
        Assert.Equal(0, fixture.Server.ActiveStreams);
    }

    [Fact]
    public void A_window_smaller_than_the_default_counts_from_its_acknowledgement_on()
    {
        using var fixture = new Http2Fixture(server: Http2Settings.Default with { StreamWindow = 100 }) { App = AnswerNeverAsync };
        var peer = new FramePeer(fixture, fixture.ClientSocket);
        fixture.StartServer();
        peer.Send(Hello, Get(1, false), Data(1, false, new string('x', 1000)));
        Assert.Equal("", peer.Take());
        Assert.Equal("RST_STREAM 1 FlowControlError\n", peer.Send(SettingsAck, Data(1, false, "x")).Take());
        Assert.Equal("RST_STREAM 3 FlowControlError\n", peer.Send(Get(3, false), Data(3, false, new string('x', 101))).Take());
    }

    [Fact]
    public void A_stalled_consumer_stops_nobody_else()
    {
        var stalled = new TaskCompletionSource();
        using var fixture = new Http2Fixture();
        fixture.App = async stream =>
        {
            if (stream.Request.Target.SequenceEqual("/stall"u8))
            {
                await stalled.Task;
            }

            await Http2Fixture.AnswerHelloAsync(stream);
        };
        fixture.Start();
        var stall = fixture.AskAsync(Http2Fixture.Head("POST", "/stall"), new string('x', 200_000));
        for (var i = 0; i < 20; i++)
        {
            Assert.Equal("hello", fixture.AskAsync(Http2Fixture.Head("POST"), new string('y', 200_000)).Result.Body);
        }

        Assert.False(stall.IsCompleted);
        fixture.OnLoop(stalled.SetResult);
        Assert.Equal("hello", stall.Result.Body);
    }

    [Fact]
    public void A_client_that_does_not_read_holds_back_the_answers()
    {
        var sent = 0;
        using var fixture = new Http2Fixture(capacity: 4096);
        fixture.App = async stream =>
        {
            stream.WriteHead(new ResponseHead { Status = 200, Body = BodyKind.Chunked }, close: false);
            for (var i = 0; i < 100; i++)
            {
                await Http2Fixture.SendAsync(stream, new string('x', 10_000));
                sent++;
            }

            await stream.FinishAsync(null);
        };
        var peer = new FramePeer(fixture, fixture.ClientSocket, reads: false);
        fixture.StartServer();
        peer.Send(Hello, Settings((SettingId.InitialWindowSize, int.MaxValue)), WindowUpdate(0, 100_000_000), Get(1));
        Assert.InRange(sent, 5, 20);
        Assert.InRange(fixture.Loop.Slabs.Rented, 1, 4);
        peer.Read();
        peer.Take();
        Assert.Equal((100, 1_000_000), (sent, peer.DataBytes));
    }

    [Fact]
    public void A_client_that_does_not_read_keeps_its_streams_open()
    {
        // Answers that are written but not read would else make room for further requests without end.
        using var fixture = new Http2Fixture(capacity: 4096) { App = stream => AnswerAsync(stream, 2_000) };
        var peer = new FramePeer(fixture, fixture.ClientSocket, reads: false);
        fixture.StartServer();
        peer.Send([Hello, Settings((SettingId.InitialWindowSize, int.MaxValue)), WindowUpdate(0, 100_000_000), .. Enumerable.Range(0, 90).Select(i => Get((2 * i) + 1))]);
        Assert.InRange(fixture.Server.ActiveStreams, 30, 80);
        peer.Read();
        peer.Take();
        Assert.Equal(0, fixture.Server.ActiveStreams);
        Assert.Equal(90 * 2_000, peer.DataBytes);
    }

    [Fact]
    public void Bytes_are_consumed_even_when_they_cannot_be_sent()
    {
        IoResult result = default;
        using var fixture = new Http2Fixture();
        fixture.App = async stream =>
        {
            stream.WriteHead(new ResponseHead { Status = 200, Body = BodyKind.Chunked }, close: false);
            result = await Http2Fixture.SendAsync(stream, new string('x', 100_000));
        };
        var peer = Connect(fixture);
        peer.Send(Get(1)).Take();
        Assert.Equal(65_535, peer.DataBytes);
        peer.Send(Reset(1, Http2Error.Cancel));
        Assert.Equal(IoError.Reset, result.Error);
        Assert.Equal(0, fixture.Server.ActiveStreams);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Bodies_of_any_size_arrive_whole_in_both_directions(int seed)
    {
        var random = new Random(seed);
        var settings = Http2Settings.Default with { StreamWindow = random.Next(1, 100_000), ConnectionWindow = random.Next(1, 300_000), MaxConcurrentStreams = 50 };
        using var fixture = new Http2Fixture(settings, settings with { StreamWindow = random.Next(1, 70_000) }, capacity: random.Next(100, 70_000));
        fixture.App = async stream =>
        {
            var text = await Http2Fixture.ReadAllAsync(stream);
            stream.WriteHead(new ResponseHead { Status = 200, Body = BodyKind.Chunked }, close: false);
            var order = new Random(text.Length);
            for (var at = 0; at < text.Length;)
            {
                var piece = Math.Min(text.Length - at, order.Next(1, 50_000));
                await Http2Fixture.SendAsync(stream, text.Substring(at, piece));
                at += piece;
            }

            await stream.FinishAsync(stream.Trailers);
        };
        fixture.Start();
        var asked = new List<(string Body, Task<Http2Fixture.Answer> Answer)>();
        for (var i = 0; i < 30; i++)
        {
            var head = Http2Fixture.Head("POST", $"/{i}");
            head.Body = BodyKind.Chunked;
            var trailers = new FieldList();
            trailers.Add("x-number"u8, Encoding.ASCII.GetBytes($"{i}"));
            var body = new string((char)('a' + (i % 26)), random.Next(3) == 0 ? random.Next(10) : random.Next(200_000));
            asked.Add((body, fixture.AskAsync(head, body, trailers)));
        }

        for (var i = 0; i < asked.Count; i++)
        {
            Assert.Equal(asked[i].Body, asked[i].Answer.Result.Body);
            Assert.Equal($"x-number: {i}\n", asked[i].Answer.Result.Trailers);
        }
    }

    private static async Task AnswerAsync(Http2ServerStream stream, int length)
    {
        stream.WriteHead(new ResponseHead { Status = 200, Body = BodyKind.Chunked }, close: false);
        await Http2Fixture.SendAsync(stream, new string('x', length));
        await stream.FinishAsync(null);
    }

    private static Task AnswerNeverAsync(Http2ServerStream stream)
    {
        var left = new Leaving();
        stream.ClientWatcher = left;
        return left.Done.Task;
    }

    private static FramePeer Connect(Http2Fixture fixture, params byte[][] frames)
    {
        var peer = new FramePeer(fixture, fixture.ClientSocket);
        fixture.StartServer();
        peer.Send([Hello, SettingsAck, .. frames]).Take(all: true);
        return peer;
    }
}
