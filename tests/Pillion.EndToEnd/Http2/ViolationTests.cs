using System.Text;
using Pillion.EndToEnd.Support;
using Xunit;

namespace Pillion.EndToEnd.Http2;

/// <summary>Clients that break RFC 9113 on purpose: each is told so, in the right code on the right level, and nobody else notices.</summary>
public sealed class ViolationTests(Http2Neighbourhood here) : IClassFixture<Http2Neighbourhood>
{
    private const long Bound = 64 * 1024 * 1024;

    /// <summary>What ends the connection, with the codes that may be given for it.</summary>
    private static readonly Dictionary<string, (Func<FrameClient, Task> Act, ErrorCode[] Codes)> ConnectionErrors = new()
    {
        ["DATA on stream 0"] = (static client => client.SendAsync(Frame.Data, 0, 0, [1]), [ErrorCode.ProtocolError]),
        ["HEADERS on an even stream"] = (static client => client.RequestAsync(2, "/even"), [ErrorCode.ProtocolError]),
        ["HEADERS on a lower stream"] = (
            static async client =>
            {
                await client.RequestAsync(5, "/five");
                await client.EndAsync(5);
                await client.RequestAsync(3, "/three");
            },
            [ErrorCode.ProtocolError, ErrorCode.StreamClosed]),
        ["DATA on an idle stream"] = (static client => client.SendAsync(Frame.Data, 0, 7, [1]), [ErrorCode.ProtocolError, ErrorCode.StreamClosed]),
        ["RST_STREAM on an idle stream"] = (static client => client.SendAsync(Frame.ResetStream, 0, 7, FrameClient.Number(8)), [ErrorCode.ProtocolError]),
        ["a frame above the agreed size"] = (static client => client.SendAsync(Frame.Data, 0, 1, new byte[16_385]), [ErrorCode.FrameSizeError, ErrorCode.ProtocolError]),
        ["a PING of seven bytes"] = (static client => client.SendAsync(Frame.Ping, 0, 0, new byte[7]), [ErrorCode.FrameSizeError]),
        ["a PING on a stream"] = (static client => client.SendAsync(Frame.Ping, 0, 1, new byte[8]), [ErrorCode.ProtocolError]),
        ["SETTINGS of five bytes"] = (static client => client.SendAsync(Frame.Settings, 0, 0, new byte[5]), [ErrorCode.FrameSizeError]),
        ["SETTINGS on a stream"] = (static client => client.SendAsync(Frame.Settings, 0, 1, []), [ErrorCode.ProtocolError]),
        ["an acknowledgement with a payload"] = (static client => client.SendAsync(Frame.Settings, Frame.Acknowledgement, 0, new byte[6]), [ErrorCode.FrameSizeError]),
        ["SETTINGS_ENABLE_PUSH of 2"] = (static client => client.SendAsync(Frame.Settings, 0, 0, FrameClient.Setting(2, 2)), [ErrorCode.ProtocolError]),
        ["SETTINGS_INITIAL_WINDOW_SIZE above 2^31-1"] = (static client => client.SendAsync(Frame.Settings, 0, 0, FrameClient.Setting(4, 0x8000_0000)), [ErrorCode.FlowControlError]),
        ["SETTINGS_MAX_FRAME_SIZE of 100"] = (static client => client.SendAsync(Frame.Settings, 0, 0, FrameClient.Setting(5, 100)), [ErrorCode.ProtocolError]),
        ["a WINDOW_UPDATE of 0"] = (static client => client.SendAsync(Frame.WindowUpdate, 0, 0, FrameClient.Number(0)), [ErrorCode.ProtocolError]),
        ["a window above 2^31-1"] = (static client => client.SendAsync(Frame.WindowUpdate, 0, 0, FrameClient.Number(0x7fff_ffff)), [ErrorCode.FlowControlError]),
        ["a PUSH_PROMISE"] = (static client => client.SendAsync(Frame.PushPromise, Frame.EndHeaders, 1, [0, 0, 0, 2]), [ErrorCode.ProtocolError]),
        ["CONTINUATION without HEADERS"] = (static client => client.SendAsync(Frame.Continuation, Frame.EndHeaders, 1, []), [ErrorCode.ProtocolError]),
        ["another frame inside a header block"] = (
            static async client =>
            {
                await client.SendAsync(Frame.Headers, Frame.EndStream, 1, FrameClient.Block((":method", "GET")));
                await client.SendAsync(Frame.Ping, 0, 0, new byte[8]);
            },
            [ErrorCode.ProtocolError]),
        ["an index of no table"] = (static client => client.SendAsync(Frame.Headers, 5, 1, [0xff, 0x80, 0x01]), [ErrorCode.CompressionError]),
        ["a table size above the agreed one"] = (static client => client.SendAsync(Frame.Headers, 5, 1, [0x3f, 0xe1, 0xff, 0x03]), [ErrorCode.CompressionError]),
        ["a header block cut short"] = (static client => client.SendAsync(Frame.Headers, 5, 1, [0x00, 0x0a, 0x41]), [ErrorCode.CompressionError]),
        ["padding longer than the frame"] = (
            static async client =>
            {
                await client.RequestAsync(1, "/padded", "POST", ends: false);
                await client.SendAsync(Frame.Data, 8, 1, [200, 1, 2]);
            },
            [ErrorCode.ProtocolError]),
    };

    /// <summary>What is a request of nobody; the stream is reset, or answered with 400, and the connection goes on.</summary>
    private static readonly Dictionary<string, (string Name, string Value)[]> Malformed = new()
    {
        ["a name in capitals"] = [.. Get("/malformed"), ("X-Capital", "1")],
        ["no :method"] = [(":scheme", "http"), (":path", "/malformed"), (":authority", "a")],
        ["no :path"] = [(":method", "GET"), (":scheme", "http"), (":authority", "a")],
        ["an empty :path"] = [(":method", "GET"), (":scheme", "http"), (":path", ""), (":authority", "a")],
        ["two :path"] = [.. Get("/malformed"), (":path", "/malformed-too")],
        ["a pseudo-field behind others"] = [(":method", "GET"), (":scheme", "http"), (":path", "/malformed"), ("a", "b"), (":authority", "a")],
        ["an unknown pseudo-field"] = [.. Get("/malformed"), (":unknown", "1")],
        ["a response's pseudo-field"] = [.. Get("/malformed"), (":status", "200")],
        ["connection"] = [.. Get("/malformed"), ("connection", "close")],
        ["transfer-encoding"] = [.. Get("/malformed"), ("transfer-encoding", "chunked")],
        ["te that is not trailers"] = [.. Get("/malformed"), ("te", "gzip")],
        ["a line feed in a value"] = [.. Get("/malformed"), ("x", "1\r\nGET /smuggled HTTP/1.1")],
        ["a line feed in the path"] = [.. Get("/malformed HTTP/1.1\r\nHost: b\r\n\r\nGET /smuggled")],
        ["a NUL in a value"] = [.. Get("/malformed"), ("x", "a\0b")],
        ["a space in a name"] = [.. Get("/malformed"), ("a b", "1")],
        ["a colon in a name"] = [.. Get("/malformed"), ("a:b", "1")],
        ["another host than :authority"] = [.. Get("/malformed"), ("host", "b")],
        ["a content-length on a request without a body"] = [.. Get("/malformed"), ("content-length", "5")],
    };

    public static TheoryData<string> ConnectionErrorNames => [.. ConnectionErrors.Keys];

    public static TheoryData<string> MalformedNames => [.. Malformed.Keys];

    [Theory]
    [MemberData(nameof(ConnectionErrorNames))]
    public async Task What_breaks_the_connection_ends_it_with_the_right_code(string what)
    {
        var (act, codes) = ConnectionErrors[what];
        using var client = await FrameClient.OpenAsync(here.ToRaw);
        await act(client);
        var end = await client.EndAsync();
        Assert.True(end is { Type: Frame.GoAway } && codes.Contains(end.Error), $"{end}");
        Assert.Null(await client.EndAsync());
        await OthersAreServedAsync();
    }

    [Theory]
    [MemberData(nameof(MalformedNames))]
    public async Task A_malformed_request_ends_its_stream_and_reaches_no_application(string what)
    {
        using var client = await FrameClient.OpenAsync(here.ToRaw);
        var before = here.Raw.Requests;
        await client.SendAsync(Frame.Headers, Frame.EndHeaders | Frame.EndStream, 1, FrameClient.Block(Malformed[what]));
        var end = await client.EndAsync(1);
        Assert.True(end is { Type: Frame.ResetStream, Error: ErrorCode.ProtocolError } || (end is { Ends: true } && IsAnsweredWith(client, 1, "400")), $"{end}");
        Assert.Equal(before, here.Raw.Requests);

        // The connection goes on.
        await client.RequestAsync(3, "/fine");
        Assert.True((await client.EndAsync(3))!.Ends);
        Assert.Equal(before + 1, here.Raw.Requests);
    }

    [Theory]
    [InlineData("10", 5)]
    [InlineData("3", 5)]
    public async Task A_body_of_another_length_than_announced_ends_its_stream(string announced, int sent)
    {
        using var client = await FrameClient.OpenAsync(here.ToRaw);
        await client.RequestAsync(1, "/echo", "POST", ends: false, ("content-length", announced));
        await client.SendAsync(Frame.Data, Frame.EndStream, 1, new byte[sent]);
        var end = await client.EndAsync(1);
        Assert.True(end is { Type: Frame.ResetStream, Error: ErrorCode.ProtocolError } || IsAnsweredWith(client, 1, "400"), $"{end}");
        await OthersAreServedAsync();
    }

    [Fact]
    public async Task DATA_behind_the_end_of_its_stream_is_refused()
    {
        using var client = await FrameClient.OpenAsync(here.ToRaw);
        await client.RequestAsync(1, "/hold");
        await client.SendAsync(Frame.Data, 0, 1, [1]);
        var end = await client.EndAsync(1);
        Assert.Equal(ErrorCode.StreamClosed, end!.Error);
        await OthersAreServedAsync();
    }

    [Fact]
    public async Task A_stream_beyond_the_agreed_hundred_is_refused_and_the_others_live()
    {
        await using var app = TestApp.Start();
        var port = Ports.Next();
        await using var sidecar = await Sidecar.StartAsync(new EnvoyFile().Http(port, "app").Cluster("app", app.Port).Options());
        using var client = await FrameClient.OpenAsync(port);
        for (var i = 0; i < 101; i++)
        {
            await client.RequestAsync((2 * i) + 1, "/hold");
        }

        var refused = await client.UntilAsync(static frame => frame.Type is Frame.ResetStream or Frame.GoAway, "a refusal");
        Assert.Equal((Frame.ResetStream, 201, ErrorCode.RefusedStream), (refused.Type, refused.Stream, refused.Error));
        await Eventually.IsTrue(() => app.Held == 100, "a hundred requests to wait");
        app.Release();
        for (var ended = 0; ended < 100; ended += client.Received[^1].Ends ? 1 : 0)
        {
            Assert.NotNull(await Eventually.Within(client.ReadAsync(), "the answers"));
        }
    }

    [Fact]
    public async Task What_is_unknown_is_ignored()
    {
        using var client = await FrameClient.OpenAsync(here.ToRaw);
        await client.SendAsync(0xfa, 0xff, 0, new byte[100]);
        await client.SendAsync(0xfb, 0xff, 1, new byte[100]);
        await client.SendAsync(Frame.Settings, 0, 0, FrameClient.Setting(0xfafa, 7));
        await client.SendAsync(Frame.Priority, 0, 1, [0, 0, 0, 3, 16]);
        await client.SendAsync(Frame.Ping, 0, 0, "pingpong"u8.ToArray());
        await client.RequestAsync(1, "/fine");
        Assert.True((await client.EndAsync(1))!.Ends);
        Assert.Contains(client.Received, static frame => frame is { Type: Frame.Ping, Flags: Frame.Acknowledgement } && frame.Payload.AsSpan().SequenceEqual("pingpong"u8));
    }

    [Theory]
    [InlineData("PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n")]
    [InlineData("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n")]
    [InlineData("PRI / HTTP/2.0\r\n\r\nSM\r\n\r\n")]
    public async Task A_preface_that_is_none_ends_the_connection(string preface)
    {
        var before = here.Raw.Requests;
        using var client = await RawClient.ConnectAsync(here.ToRaw);
        await client.SendAsync(preface);
        try
        {
            await client.RestAsync();
        }
        catch (System.Net.Sockets.SocketException)
        {
            // Reset, as there was something left unread.
        }

        Assert.Equal(before, here.Raw.Requests);
        await OthersAreServedAsync();
    }

    [Fact]
    public async Task A_rapid_reset_is_told_to_calm_down_and_the_application_hears_little_of_it()
    {
        await using var app = TestApp.Start();
        var port = Ports.Next();
        await using var sidecar = await Sidecar.StartAsync(new EnvoyFile().Http(port, "app").Cluster("app", app.Port).Options());
        using var watch = new MemoryWatch(sidecar.Process);
        using var client = await FrameClient.OpenAsync(port);
        await client.FloodAsync(Enumerable.Range(0, 2000).Select(static block => (byte[])
        [
            .. Enumerable.Range(0, 50).SelectMany(i =>
            {
                var stream = (((block * 50) + i) * 2) + 1;
                return (byte[])
                [
                    .. FrameClient.Bytes(Frame.Headers, Frame.EndHeaders | Frame.EndStream, stream, FrameClient.Block([.. Get("/hold")])),
                    .. FrameClient.Bytes(Frame.ResetStream, 0, stream, FrameClient.Number(8)),
                ];
            }),
        ]));
        await CalmedAsync(client);
        Assert.InRange(app.Requests, 0, 5000);
        Assert.InRange(watch.Highest, 1, Bound);
        Assert.Equal((200, "app GET /fine"), await Curl.GetAsync("--http2-prior-knowledge", $"http://127.0.0.1:{port}/fine"));
    }

    [Theory]
    [InlineData("SETTINGS")]
    [InlineData("PING")]
    [InlineData("empty DATA")]
    [InlineData("empty CONTINUATION")]
    [InlineData("full CONTINUATION")]
    [InlineData("WINDOW_UPDATE")]
    [InlineData("PRIORITY")]
    public async Task A_flood_is_told_to_calm_down_in_bounded_memory(string kind)
    {
        using var watch = new MemoryWatch(here.Sidecar.Process);
        using var client = await FrameClient.OpenAsync(here.ToRaw);
        var times = 200_000;
        byte[] bytes;
        switch (kind)
        {
            case "SETTINGS":
                bytes = FrameClient.Bytes(Frame.Settings, 0, 0, FrameClient.Setting(3, 100));
                break;
            case "PING":
                bytes = FrameClient.Bytes(Frame.Ping, 0, 0, new byte[8]);
                break;
            case "empty DATA":
                await client.RequestAsync(1, "/count", "POST", ends: false);
                bytes = FrameClient.Bytes(Frame.Data, 0, 1);
                break;
            case "empty CONTINUATION":
                await client.SendAsync(Frame.Headers, Frame.EndStream, 1, FrameClient.Block([.. Get("/endless")]));
                bytes = FrameClient.Bytes(Frame.Continuation, 0, 1);
                break;
            case "full CONTINUATION":
                await client.SendAsync(Frame.Headers, Frame.EndStream, 1, FrameClient.Block([.. Get("/endless")]));
                bytes = FrameClient.Bytes(Frame.Continuation, 0, 1, FrameClient.Block([.. Enumerable.Range(0, 100).Select(static i => ($"field-{i}", new string('x', 100)))]));
                times = 5000;
                break;
            case "WINDOW_UPDATE":
                await client.RequestAsync(1, "/never");
                bytes = FrameClient.Bytes(Frame.WindowUpdate, 0, 1, FrameClient.Number(1));
                break;
            default:
                bytes = FrameClient.Bytes(Frame.Priority, 0, 1, 0, 0, 0, 3, 16);
                break;
        }

        await client.FloodAsync(bytes, times);
        await CalmedAsync(client);
        Assert.InRange(watch.Highest, 1, Bound);
        await OthersAreServedAsync();
    }

    [Fact]
    public async Task A_header_bomb_is_refused_in_bounded_memory()
    {
        // One field of 4,000 bytes into the table, then named ten thousand times by its index: 40 MB from a block of 14 KB.
        using var watch = new MemoryWatch(here.Sidecar.Process);
        using var client = await FrameClient.OpenAsync(here.ToRaw);
        var before = here.Raw.Requests;
        using var block = new MemoryStream();
        block.Write(FrameClient.Block([.. Get("/bomb")]));
        block.WriteByte(0x40);
        FrameClient.WriteString(block, "x");
        FrameClient.WriteString(block, new string('b', 4000));
        block.Write(Enumerable.Repeat((byte)0xbe, 10_000).ToArray());
        await client.SendAsync(Frame.Headers, Frame.EndHeaders | Frame.EndStream, 1, block.ToArray());
        var end = await client.EndAsync(1);
        Assert.True(
            end is { Type: Frame.GoAway, Error: ErrorCode.EnhanceYourCalm } or { Type: Frame.ResetStream, Error: ErrorCode.EnhanceYourCalm or ErrorCode.ProtocolError or ErrorCode.RefusedStream }
            || IsAnsweredWith(client, 1, "431"),
            $"{end}");
        Assert.Equal(before, here.Raw.Requests);
        Assert.InRange(watch.Highest, 1, Bound);
        await OthersAreServedAsync();
    }

    [Fact]
    public async Task Too_many_fields_are_refused_and_the_connection_goes_on()
    {
        using var client = await FrameClient.OpenAsync(here.ToRaw);
        var before = here.Raw.Requests;
        await client.SendAsync(Frame.Headers, Frame.EndHeaders | Frame.EndStream, 1, FrameClient.Block([.. Get("/many"), .. Enumerable.Range(0, 500).Select(static i => ($"f{i}", "v"))]));
        var end = await client.EndAsync(1);
        Assert.True(end is { Type: Frame.ResetStream } || IsAnsweredWith(client, 1, "431"), $"{end}");
        Assert.Equal(before, here.Raw.Requests);
        await client.RequestAsync(3, "/fine");
        Assert.True((await client.EndAsync(3))!.Ends);
    }

    private static (string Name, string Value)[] Get(string path) => [(":method", "GET"), (":scheme", "http"), (":path", path), (":authority", "a")];

    // The status stands in the head of the answer as HPACK has it: from the static table, or as text, which may be Huffman-coded.
    private static bool IsAnsweredWith(FrameClient client, int stream, string status) => client.Received.FirstOrDefault(frame => frame.Type == Frame.Headers && frame.Stream == stream) is { } head
        && (status switch
        {
            "400" => head.Payload.Contains((byte)0x8c),
            _ => head.Payload.AsSpan().IndexOf(Encoding.ASCII.GetBytes(status)) >= 0 || head.Payload.AsSpan().IndexOf(Huffman(status)) >= 0,
        });

    // "431" in Huffman code (RFC 7541, Appendix B): 4 = 011010, 3 = 011001, 1 = 00001, filled up with ones.
    private static byte[] Huffman(string status) => status == "431" ? [0b0110_1001, 0b1001_0000, 0b1111_1111] : throw new ArgumentOutOfRangeException(nameof(status));

    private static async Task CalmedAsync(FrameClient client)
    {
        // The GOAWAY may be lost in the reset that follows it, as the flood is still on its way; that the connection ended is what counts then.
        var end = await client.EndAsync();
        Assert.True(end is null or { Type: Frame.GoAway, Error: ErrorCode.EnhanceYourCalm }, $"{end}");
    }

    private async Task OthersAreServedAsync()
    {
        Assert.Equal((200, "raw GET /fine"), await Curl.GetAsync("--http2-prior-knowledge", $"http://127.0.0.1:{here.ToRaw}/fine"));
    }
}
