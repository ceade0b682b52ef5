using Pillion.Net.Http.Http2;
using Xunit;
using static Pillion.Tests.Net.Http.Http2.FramePeer;

namespace Pillion.Tests.Net.Http.Http2;

/// <summary>Every mistake a client can make: the code, and whether it ends the stream or the connection (RFC 9113 §5.4).</summary>
public sealed class ServerViolationTests
{
    private static readonly byte[] FivePriority = [0, 0, 0, 0, 16];

    // Name → what is sent behind the preface and SETTINGS, what comes back.
    private static readonly Dictionary<string, (byte[][] Sent, string Expected)> Cases = new()
    {
        // §4, §6.1 – §6.10: frames
        ["a frame larger than allowed"] = ([Frame(FrameType.Ping, 0, 0, new byte[16385])], Over(0, Http2Error.FrameSizeError)),
        ["DATA larger than allowed"] = ([Get(1, false), Frame(FrameType.Data, 0, 1, new byte[16385])], Over(1, Http2Error.FrameSizeError)),
        ["DATA on stream 0"] = ([Frame(FrameType.Data, 0, 0, 1)], Over(0, Http2Error.ProtocolError)),
        ["DATA padded with more than it holds"] = ([Get(1, false), Frame(FrameType.Data, FrameFlags.Padded, 1, 5, 1, 1)], Over(1, Http2Error.ProtocolError)),
        ["padded DATA without a pad length"] = ([Get(1, false), Frame(FrameType.Data, FrameFlags.Padded, 1)], Over(1, Http2Error.FrameSizeError)),
        ["HEADERS on stream 0"] = ([Get(0)], Over(0, Http2Error.ProtocolError)),
        ["HEADERS padded with more than it holds"] =
            ([Frame(FrameType.Headers, FrameFlags.Padded | FrameFlags.EndHeaders, 1, 200, 0x82)], Over(0, Http2Error.ProtocolError)),
        ["HEADERS with a cut off priority"] = ([Frame(FrameType.Headers, FrameFlags.Priority | FrameFlags.EndHeaders, 1, 1, 2)], Over(0, Http2Error.FrameSizeError)),
        ["PRIORITY on stream 0"] = ([Frame(FrameType.Priority, 0, 0, FivePriority)], Over(0, Http2Error.ProtocolError)),
        ["PRIORITY of a wrong size"] = ([Get(1, false), Frame(FrameType.Priority, 0, 1, 0, 0, 0, 0)], "RST_STREAM 1 FrameSizeError\n"),
        ["PRIORITY of a wrong size on no stream"] = ([Frame(FrameType.Priority, 0, 1, 0, 0, 0, 0)], Over(0, Http2Error.FrameSizeError)),
        ["RST_STREAM on stream 0"] = ([Reset(0, Http2Error.Cancel)], Over(0, Http2Error.ProtocolError)),
        ["RST_STREAM on an idle stream"] = ([Reset(1, Http2Error.Cancel)], Over(0, Http2Error.ProtocolError)),
        ["RST_STREAM of a wrong size"] = ([Get(1, false), Frame(FrameType.RstStream, 0, 1, 0, 0, 0)], Over(1, Http2Error.FrameSizeError)),
        ["SETTINGS on a stream"] = ([Frame(FrameType.Settings, 0, 1)], Over(0, Http2Error.ProtocolError)),
        ["SETTINGS of a wrong size"] = ([Frame(FrameType.Settings, 0, 0, 0, 1, 0)], Over(0, Http2Error.FrameSizeError)),
        ["an acknowledgement that holds something"] = ([Frame(FrameType.Settings, FrameFlags.Ack, 0, new byte[6])], Over(0, Http2Error.FrameSizeError)),
        ["ENABLE_PUSH 2"] = ([Settings((SettingId.EnablePush, 2))], Over(0, Http2Error.ProtocolError)),
        ["ENABLE_CONNECT_PROTOCOL 2"] = ([Settings((SettingId.EnableConnectProtocol, 2))], Over(0, Http2Error.ProtocolError)),
        ["a window that is too large"] = ([Settings((SettingId.InitialWindowSize, 0x8000_0000))], Over(0, Http2Error.FlowControlError)),
        ["a frame size that is too small"] = ([Settings((SettingId.MaxFrameSize, 16383))], Over(0, Http2Error.ProtocolError)),
        ["a frame size that is too large"] = ([Settings((SettingId.MaxFrameSize, 1 << 24))], Over(0, Http2Error.ProtocolError)),
        ["a setting that makes a window overflow"] =
            ([Get(1, false), WindowUpdate(1, 0x7000_0000), Settings((SettingId.InitialWindowSize, 0x7000_0000))], Over(1, Http2Error.FlowControlError)),
        ["PUSH_PROMISE"] = ([Frame(FrameType.PushPromise, FrameFlags.EndHeaders, 1, 0, 0, 0, 2)], Over(0, Http2Error.ProtocolError)),
        ["PING on a stream"] = ([Frame(FrameType.Ping, 0, 1, new byte[8])], Over(0, Http2Error.ProtocolError)),
        ["PING of a wrong size"] = ([Frame(FrameType.Ping, 0, 0, new byte[7])], Over(0, Http2Error.FrameSizeError)),
        ["GOAWAY on a stream"] = ([Frame(FrameType.GoAway, 0, 1, new byte[8])], Over(0, Http2Error.ProtocolError)),
        ["GOAWAY of a wrong size"] = ([Frame(FrameType.GoAway, 0, 0, new byte[7])], Over(0, Http2Error.FrameSizeError)),
        ["WINDOW_UPDATE of a wrong size"] = ([Frame(FrameType.WindowUpdate, 0, 0, 0, 0, 1)], Over(0, Http2Error.FrameSizeError)),
        ["WINDOW_UPDATE by nothing"] = ([WindowUpdate(0, 0)], Over(0, Http2Error.ProtocolError)),
        ["WINDOW_UPDATE by nothing on a stream"] = ([Get(1, false), WindowUpdate(1, 0)], "RST_STREAM 1 ProtocolError\n"),
        ["a window that overflows"] = ([WindowUpdate(0, int.MaxValue)], Over(0, Http2Error.FlowControlError)),
        ["a stream's window that overflows"] = ([Get(1, false), WindowUpdate(1, int.MaxValue)], "RST_STREAM 1 FlowControlError\n"),
        ["WINDOW_UPDATE on an idle stream"] = ([WindowUpdate(1, 1)], Over(0, Http2Error.ProtocolError)),
        ["CONTINUATION of nothing"] = ([Frame(FrameType.Continuation, FrameFlags.EndHeaders, 1, 0x82)], Over(0, Http2Error.ProtocolError)),
        ["CONTINUATION behind the end of the block"] = ([Get(1, false), Frame(FrameType.Continuation, FrameFlags.EndHeaders, 1, 0x82)], Over(1, Http2Error.ProtocolError)),
        ["another frame within a block"] = ([Frame(FrameType.Headers, 0, 1, 0x82), Ping(1)], Over(0, Http2Error.ProtocolError)),
        ["CONTINUATION of another stream"] = ([Frame(FrameType.Headers, 0, 1, 0x82), Frame(FrameType.Continuation, 0, 3, 0x82)], Over(0, Http2Error.ProtocolError)),

        // §5.1: states of streams
        ["DATA on an idle stream"] = ([Data(1, true, "x")], Over(0, Http2Error.ProtocolError)),
        ["DATA behind END_STREAM"] = ([Get(1), Data(1, true, "x")], "RST_STREAM 1 StreamClosed\n"),
        ["HEADERS behind END_STREAM"] = ([Get(1), Get(1)], "RST_STREAM 1 StreamClosed\n"),
        ["a stream of a server"] = ([Get(2)], Over(0, Http2Error.ProtocolError)),
        ["a stream with a number below another"] = ([Get(5), Get(3)], Over(5, Http2Error.ProtocolError)),
        ["DATA behind RST_STREAM"] = ([Get(1, false), Reset(1, Http2Error.Cancel), Data(1, true, "x")], "RST_STREAM 1 StreamClosed\n"),

        // §6.9: windows
        ["more DATA than the stream's window"] =
            ([Get(1, false), Data16K(1), Data16K(1), Data16K(1), Data16K(1), Data(1, false, "x")], "RST_STREAM 1 FlowControlError\n"),

        // §4.3, RFC 7541
        ["a block that is not HPACK"] = ([Frame(FrameType.Headers, FrameFlags.EndHeaders, 1, 0xBE)], Over(0, Http2Error.CompressionError)),
        ["a block of trailers that is not HPACK"] = ([Get(1, false), Frame(FrameType.Headers, FrameFlags.EndHeaders, 1, 0xBE)], Over(1, Http2Error.CompressionError)),
        ["a block on a closed stream that is not HPACK"] = ([Get(1), Frame(FrameType.Headers, FrameFlags.EndHeaders, 1, 0xBE)], Over(1, Http2Error.CompressionError)),

        // §8.1.1, §8.2, §8.3: malformed requests
        ["an upper-case name"] = ([Get(1, fields: "X-Upper: a")], Malformed),
        ["Connection"] = ([Get(1, fields: "connection: close")], Malformed),
        ["Keep-Alive"] = ([Get(1, fields: "keep-alive: timeout=5")], Malformed),
        ["Proxy-Connection"] = ([Get(1, fields: "proxy-connection: close")], Malformed),
        ["Transfer-Encoding"] = ([Get(1, fields: "transfer-encoding: chunked")], Malformed),
        ["Upgrade"] = ([Get(1, fields: "upgrade: websocket")], Malformed),
        ["TE that asks for more than trailers"] = ([Get(1, fields: "te: gzip")], Malformed),
        ["a name with a space"] = ([Get(1, fields: "a b: c")], Malformed),
        ["an empty name"] = ([Frame(FrameType.Headers, 5, 1, [.. Block(":method: GET", ":scheme: http", ":path: /", ":authority: a"), 0, 0, 1, 65])], Malformed),
        ["a name with a colon"] = ([Get(1, fields: "a:b: c")], Malformed),
        ["a line break in a value"] = ([Get(1, fields: "a: b\r\nc: d")], Malformed),
        ["NUL in a value"] = ([Get(1, fields: "a: b\0")], Malformed),
        ["a space behind a value"] = ([Get(1, fields: "a: b ")], Malformed),
        ["a space before a value"] = ([Get(1, fields: "a:  b")], Malformed),
        ["a pseudo-field behind a field"] = ([Headers(1, true, ":method: GET", ":scheme: http", "a: b", ":path: /", ":authority: a")], Malformed),
        ["an unknown pseudo-field"] = ([Get(1, fields: ":unknown: a")], Malformed),
        ["a response's pseudo-field"] = ([Headers(1, true, ":method: GET", ":scheme: http", ":path: /", ":status: 200")], Malformed),
        ["a repeated method"] = ([Headers(1, true, ":method: GET", ":method: GET", ":scheme: http", ":path: /", ":authority: a")], Malformed),
        ["a repeated path"] = ([Headers(1, true, ":method: GET", ":path: /", ":scheme: http", ":path: /", ":authority: a")], Malformed),
        ["no method"] = ([Headers(1, true, ":scheme: http", ":path: /", ":authority: a")], Malformed),
        ["no scheme"] = ([Headers(1, true, ":method: GET", ":path: /", ":authority: a")], Malformed),
        ["no path"] = ([Headers(1, true, ":method: GET", ":scheme: http", ":authority: a")], Malformed),
        ["an empty path"] = ([Headers(1, true, ":method: GET", ":scheme: http", ":path: ", ":authority: a")], Malformed),
        ["a method that is no token"] = ([Get(1, method: "G T")], Malformed),
        ["Host that differs from the authority"] = ([Get(1, fields: "host: payments")], Malformed),
        ["CONNECT with a path"] = ([Headers(1, false, ":method: CONNECT", ":path: /", ":authority: a:1")], Malformed),
        ["a protocol without CONNECT"] = ([Get(1, fields: ":protocol: websocket")], Malformed),
        ["an extended CONNECT without a scheme"] = ([Headers(1, false, ":method: CONNECT", ":protocol: websocket", ":path: /", ":authority: a")], Malformed),
        ["a pseudo-field in trailers"] = ([Get(1, false), Headers(1, true, ":path: /")], Malformed),
        ["Connection in trailers"] = ([Get(1, false), Headers(1, true, "connection: x")], Malformed),
        ["trailers that do not end"] = ([Get(1, false), Headers(1, false, "a: b")], Malformed),
        ["less DATA than announced"] = ([Get(1, false, method: "POST", fields: "content-length: 5"), Data(1, true, "four")], Malformed),
        ["more DATA than announced"] = ([Get(1, false, method: "POST", fields: "content-length: 5"), Data(1, false, "sixsix")], Malformed),
        ["announced DATA and none"] = ([Get(1, method: "POST", fields: "content-length: 5")], Malformed),
        ["announced DATA and trailers instead"] = ([Get(1, false, method: "POST", fields: "content-length: 5"), Headers(1, true, "a: b")], Malformed),
    };

    private const string Malformed = "RST_STREAM 1 ProtocolError\n";

    public static TheoryData<string> Names => [.. Cases.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_mistake_has_its_code_and_its_level(string name)
    {
        var (sent, expected) = Cases[name];
        using var fixture = new Http2Fixture { App = NeverAnswers };
        var peer = new FramePeer(fixture, fixture.ClientSocket);
        fixture.StartServer();

        peer.Send([Hello, SettingsAck, .. sent]);

        Assert.Equal(expected, peer.Take());
        if (expected.StartsWith("GOAWAY", StringComparison.Ordinal))
        {
            Assert.True(peer.IsEnded, "our direction ends behind GOAWAY");
            peer.Close();
            Assert.Equal(Http2EndReason.Violated, fixture.End?.Reason);
            return;
        }

        // The connection lives, and its tables are in step.
        Assert.Null(fixture.End);
        fixture.App = Http2Fixture.AnswerHelloAsync;
        Assert.Equal("HEADERS 101 :status: 200, content-length: 5\nDATA 101 hello end\n", peer.Send(Get(101)).Take());
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_mistake_is_the_same_one_when_its_bytes_come_one_by_one(string name)
    {
        var (sent, expected) = Cases[name];
        using var fixture = new Http2Fixture(bytesPerReceive: 1) { App = NeverAnswers };
        var peer = new FramePeer(fixture, fixture.ClientSocket);
        fixture.StartServer();

        peer.Send([Hello, SettingsAck, .. sent]);

        Assert.Equal(expected, peer.Take());
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\n\r\n")]
    [InlineData("PRI * HTTP/2.0\r\n\r\nSM\r\n\rx")]
    public void What_does_not_begin_with_the_preface_is_no_HTTP_2(string text)
    {
        using var fixture = new Http2Fixture();
        var peer = new FramePeer(fixture, fixture.ClientSocket);
        fixture.StartServer();
        peer.Send(System.Text.Encoding.ASCII.GetBytes(text));
        Assert.Equal("", peer.Take());
        Assert.True(peer.IsEnded);
        peer.Close();
        Assert.Equal((Http2EndReason.Violated, Http2Violation.BadPreface), (fixture.End?.Reason, fixture.End?.Violation));
    }

    [Fact]
    public void The_first_frame_is_SETTINGS()
    {
        using var fixture = new Http2Fixture();
        var peer = new FramePeer(fixture, fixture.ClientSocket);
        fixture.StartServer();
        peer.Send(System.Text.Encoding.ASCII.GetBytes(Preface), Ping(1));
        Assert.Equal(Over(0, Http2Error.ProtocolError), peer.Take());
    }

    [Fact]
    public void Every_violation_has_a_code_and_a_sentence_of_its_own()
    {
        var all = Enum.GetValues<Http2Violation>();
        Assert.Equal(all.Length, all.Select(Http2Violations.Sentence).Distinct().Count());
        Assert.All(all, v => Assert.EndsWith(".", Http2Violations.Sentence(v), StringComparison.Ordinal));
        Assert.All(all, v => Assert.Equal(v == Http2Violation.None, Http2Violations.Code(v) == Http2Error.NoError));
    }

    private static string Over(int last, Http2Error code) => $"GOAWAY {last} {code}\n";

    private static byte[] Data16K(int id) => Frame(FrameType.Data, 0, id, new byte[16384]);

    private static Task NeverAnswers(Http2ServerStream stream)
    {
        var left = new Left();
        stream.ClientWatcher = left;
        return left.Done.Task;
    }

    private sealed class Left : Pillion.Net.Http.IClientWatcher
    {
        public TaskCompletionSource Done { get; } = new();

        public void ClientLeft(bool isReset) => Done.TrySetResult();
    }
}
