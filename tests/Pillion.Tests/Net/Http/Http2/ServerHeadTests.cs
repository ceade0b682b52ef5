using System.Text;
using Pillion.Net.Http;
using Pillion.Net.Http.Http1;
using Pillion.Net.Http.Http2;
using Xunit;
using static Pillion.Tests.Net.Http.Http2.FramePeer;

namespace Pillion.Tests.Net.Http.Http2;

/// <summary>How requests are presented, and answers written.</summary>
public sealed class ServerHeadTests
{
    private const string Pseudo = "GET http orders / ";

    [Theory]
    [InlineData("a: b", "a: b\n")]
    [InlineData("cookie: a=b|cookie: c=d|x: y|cookie: e=f", "cookie: a=b; c=d; e=f\nx: y\n")]
    [InlineData("te: trailers", "te: trailers\n")]
    [InlineData("host: orders", "host: orders\n")]
    [InlineData("empty: ", "empty: \n")]
    [InlineData("priority: u=1", "priority: u=1\n")]
    public void Fields_are_those_of_the_block(string sent, string expected)
    {
        var (seen, violation) = Present(Get(1, fields: sent.Split('|')));
        Assert.Equal(HttpViolation.None, violation);
        Assert.Equal(Pseudo + "None 0\n" + expected, seen);
    }

    [Fact]
    public void Scheme_authority_and_path_are_those_of_the_pseudo_fields()
    {
        var (seen, _) = Present(Headers(1, true, ":method: DELETE", ":authority: [::1]:80", ":path: /a/%2e%2e/b?c=../d", ":scheme: https"));
        Assert.Equal("DELETE https [::1]:80 /b?c=../d None 0\n", seen);
    }

    [Fact]
    public void Host_stands_in_for_a_missing_authority()
    {
        var (seen, _) = Present(Headers(1, true, ":method: GET", ":path: /", ":scheme: http", "host: payments"));
        Assert.Equal("GET http payments / None 0\nhost: payments\n", seen);
    }

    [Theory]
    [InlineData(true, null, "None 0")]
    [InlineData(true, "0", "Length 0")]
    [InlineData(false, null, "Chunked 0")]
    [InlineData(false, "7", "Length 7")]
    [InlineData(false, "0", "Length 0")]
    public void A_body_is_as_long_as_the_frame_and_the_length_say(bool ends, string? length, string expected)
    {
        var (seen, _) = Present(Get(1, ends, method: "POST", fields: length is null ? [] : [$"content-length: {length}"]));
        Assert.Contains(expected, seen, StringComparison.Ordinal);
    }

    [Fact]
    public void OPTIONS_may_ask_about_the_server()
    {
        var (seen, _) = Present(Get(1, path: "*", method: "OPTIONS"));
        Assert.Equal("OPTIONS http orders * None 0\n", seen);
    }

    [Fact]
    public void CONNECT_has_an_authority_only()
    {
        var (seen, _) = Present(Headers(1, false, ":method: CONNECT", ":authority: db:5432"));
        Assert.Equal("CONNECT http db:5432  None 0\n", seen);
    }

    [Theory]
    [InlineData("/%00", nameof(HttpViolation.EncodedNul))]
    [InlineData("/a\\b", nameof(HttpViolation.BackslashInPath))]
    [InlineData("/a#b", nameof(HttpViolation.FragmentInTarget))]
    [InlineData("/a b", nameof(HttpViolation.BadTarget))]
    [InlineData("http://other/", nameof(HttpViolation.BadTarget))]
    [InlineData("*", nameof(HttpViolation.AsteriskNotOptions))]
    public void A_bad_path_is_answered_as_over_HTTP_1(string path, string expected)
    {
        var (_, violation) = Present(Get(1, path: path));
        Assert.Equal(expected, violation.ToString());
    }

    [Theory]
    [InlineData("x_forwarded_for: 1.2.3.4", nameof(HttpViolation.AliasedUnderscore))]
    [InlineData("content-length: x", nameof(HttpViolation.BadContentLength))]
    [InlineData("content-length: 1|content-length: 1", nameof(HttpViolation.RepeatedContentLength))]
    [InlineData("a: b\u0001", nameof(HttpViolation.ControlByte))]
    [InlineData("host: orders|host: orders", nameof(HttpViolation.RepeatedHost))]
    public void A_bad_field_is_answered_as_over_HTTP_1(string fields, string expected)
    {
        var (_, violation) = Present(Get(1, fields: fields.Split('|')));
        Assert.Equal(expected, violation.ToString());
    }

    [Fact]
    public void What_is_too_large_is_answered_and_the_connection_lives()
    {
        var many = Enumerable.Range(0, 101).Select(i => $"x-{i}: a").ToArray();
        Assert.Equal(HttpViolation.TooManyFields, Present(Get(1, fields: many)).Violation);
        Assert.Equal(HttpViolation.None, Present(Get(1, fields: many[1..])).Violation);
        Assert.Equal(HttpViolation.HeadTooLarge, Present(HeadersInPieces(1, "x-large: " + new string('x', 61 * 1024))).Violation);
        Assert.Equal(HttpViolation.TargetTooLong, Present(Get(1, path: "/" + new string('x', 9000))).Violation);
        Assert.Equal(HttpViolation.MethodTooLong, Present(Get(1, method: new string('M', 65))).Violation);
        Assert.Equal(HttpViolation.MissingHost, Present(Headers(1, true, ":method: GET", ":scheme: http", ":path: /")).Violation);
        Assert.Equal(HttpViolation.BadHost, Present(Headers(1, true, ":method: GET", ":scheme: http", ":path: /", ":authority: u@h")).Violation);
        Assert.Equal(HttpViolation.BadScheme, Present(Headers(1, true, ":method: GET", ":scheme: ftp", ":path: /", ":authority: a")).Violation);
        Assert.Equal(HttpViolation.ConnectNeedsAuthority, Present(Headers(1, false, ":method: CONNECT", ":authority: db")).Violation);
    }

    [Fact]
    public void A_block_that_goes_on_in_other_frames_is_one()
    {
        var block = Block(":method: GET", ":scheme: http", ":path: /", ":authority: orders", "a: b");
        byte[] sent =
        [
            .. Frame(FrameType.Headers, FrameFlags.EndStream, 1, block[..10]), .. Frame(FrameType.Continuation, 0, 1, block[10..30]),
            .. Frame(FrameType.Continuation, FrameFlags.EndHeaders, 1, block[30..]),
        ];
        Assert.Equal(Pseudo + "None 0\na: b\n", Present(sent).Seen);
    }

    [Fact]
    public void Padding_and_priority_are_read_over()
    {
        var block = Block(":method: GET", ":scheme: http", ":path: /", ":authority: orders");
        byte[] payload = [4, 0x80, 0, 0, 3, 200, .. block, 0, 0, 0, 0];
        var sent = Frame(FrameType.Headers, FrameFlags.Padded | FrameFlags.Priority | FrameFlags.EndHeaders | FrameFlags.EndStream, 1, payload);
        Assert.Equal(Pseudo + "None 0\n", Present([.. Frame(FrameType.Priority, 0, 7, 0, 0, 0, 7, 1), .. sent, .. Frame((FrameType)0x10, 0, 0, 1, 2, 3)]).Seen);
    }

    [Fact]
    public void An_answer_has_lower_case_names_and_nothing_of_the_connection()
    {
        var answer = Answer(
            head =>
            {
                head.Status = 203;
                head.SetReason("Whatever"u8);
                head.Fields.Add("Content-Type"u8, "text/plain"u8);
                head.Fields.Add("Connection"u8, "close, X-Other"u8);
                head.Fields.Add("Keep-Alive"u8, "timeout=5"u8);
                head.Fields.Add("Proxy-Connection"u8, "close"u8);
                head.Fields.Add("Transfer-Encoding"u8, "chunked"u8);
                head.Fields.Add("Upgrade"u8, "h2c"u8);
                head.Fields.Add("Content-Length"u8, "77"u8);
                head.Fields.Add("X-Upper"u8, "A"u8);
                head.Body = BodyKind.Chunked;
            },
            async stream => await Http2Fixture.SendAsync(stream, "x"));
        Assert.Equal("HEADERS 1 :status: 203, content-type: text/plain, x-upper: A\nDATA 1 x end\n", answer);
    }

    [Theory]
    [InlineData("GET", 204, nameof(BodyKind.None), "HEADERS 1 :status: 204 end\n")]
    [InlineData("GET", 304, nameof(BodyKind.None), "HEADERS 1 :status: 304, content-length: 7 end\n")]
    [InlineData("HEAD", 200, nameof(BodyKind.None), "HEADERS 1 :status: 200, content-length: 7 end\n")]
    [InlineData("GET", 200, nameof(BodyKind.Length), "HEADERS 1 :status: 200, content-length: 0 end\n")]
    [InlineData("GET", 200, nameof(BodyKind.Chunked), "HEADERS 1 :status: 200 end\n")]
    public void A_head_without_a_body_is_one_frame(string method, int status, string body, string expected)
    {
        var answer = Answer(
            head =>
            {
                head.Status = status;
                head.Body = Enum.Parse<BodyKind>(body);
                head.Fields.Add("Content-Length"u8, "7"u8);
            },
            _ => Task.CompletedTask,
            method);
        Assert.Equal(expected, answer);
    }

    [Fact]
    public void Trailers_end_the_stream()
    {
        using var fixture = new Http2Fixture
        {
            App = async stream =>
            {
                stream.WriteHead(new ResponseHead { Status = 200, Body = BodyKind.Chunked }, close: false);
                await Http2Fixture.SendAsync(stream, "x");
                var trailers = new FieldList();
                trailers.Add("Grpc-Status"u8, "0"u8);
                trailers.Add("Connection"u8, "close"u8);
                await stream.FinishAsync(trailers);
            },
        };
        Assert.Equal("HEADERS 1 :status: 200\nDATA 1 x\nHEADERS 1 grpc-status: 0 end\n", Ask(fixture, Get(1)));
    }

    [Fact]
    public void Informational_answers_come_before_the_answer()
    {
        using var fixture = new Http2Fixture
        {
            App = async stream =>
            {
                var early = new ResponseHead { Status = 103 };
                early.Fields.Add("Link"u8, "</a.css>"u8);
                await stream.SendInterimAsync(early);
                await Http2Fixture.AnswerHelloAsync(stream);
            },
        };
        Assert.Equal("HEADERS 1 :status: 103, link: </a.css>\nHEADERS 1 :status: 200, content-length: 5\nDATA 1 hello end\n", Ask(fixture, Get(1)));
    }

    [Fact]
    public void A_large_head_goes_on_in_other_frames()
    {
        var large = new string('~', 40_000);
        var answer = Answer(head =>
        {
            head.Status = 200;
            head.Fields.Add("X-Large"u8, Encoding.ASCII.GetBytes(large));
        }, _ => Task.CompletedTask);
        Assert.Equal($"HEADERS 1 (part) end\nCONTINUATION 1 (part)\nCONTINUATION 1 :status: 200, x-large: {large}\n", answer);
    }

    [Fact]
    public void A_head_larger_than_any_buffer_is_not_written()
    {
        var isWritten = true;
        using var fixture = new Http2Fixture
        {
            App = async stream =>
            {
                var head = new ResponseHead { Status = 200 };
                for (var i = 0; i < 5; i++)
                {
                    head.Fields.Add("X-Large"u8, new byte[60_000]);
                }

                isWritten = stream.WriteHead(head, close: false);
                await Http2Fixture.AnswerHelloAsync(stream);
            },
        };
        Assert.Equal("HEADERS 1 :status: 200, content-length: 5\nDATA 1 hello end\n", Ask(fixture, Get(1)));
        Assert.False(isWritten);
    }

    [Fact]
    public void Trailers_of_a_request_are_told_apart_from_its_head()
    {
        string? seen = null;
        using var fixture = new Http2Fixture
        {
            App = async stream =>
            {
                seen = await Http2Fixture.ReadAllAsync(stream) + "|" + Http2Fixture.Text(stream.Trailers);
                await Http2Fixture.AnswerHelloAsync(stream);
            },
        };
        Ask(fixture, [.. Get(1, false, method: "POST"), .. Data(1, false, "body"), .. Headers(1, true, "x-sum: 5", "host: evil")]);
        Assert.Equal("body|x-sum: 5\n", seen);
        Ask(fixture, [.. Get(3, false, method: "POST"), .. Data(3, true, "again")]);
        Assert.Equal("again|", seen);
    }

    private static byte[] HeadersInPieces(int id, params string[] fields)
    {
        var block = Block([":method: GET", ":scheme: http", ":path: /", ":authority: orders", .. fields]);
        var pieces = block.Chunk(16384).ToArray();
        return [.. pieces.SelectMany((piece, i) => Frame(
            i == 0 ? FrameType.Headers : FrameType.Continuation,
            (i == 0 ? FrameFlags.EndStream : 0) | (i == pieces.Length - 1 ? FrameFlags.EndHeaders : 0),
            id,
            piece))];
    }

    private static string Ask(Http2Fixture fixture, byte[] request)
    {
        var peer = new FramePeer(fixture, fixture.ClientSocket);
        if (fixture.Server is null)
        {
            fixture.StartServer();
            peer.Send(Hello, SettingsAck);
        }

        return peer.Send(request).Take();
    }

    private static string Answer(Action<ResponseHead> fill, Func<Http2ServerStream, Task> body, string method = "GET")
    {
        using var fixture = new Http2Fixture
        {
            App = async stream =>
            {
                var head = new ResponseHead();
                fill(head);
                Assert.True(stream.WriteHead(head, close: false));
                await body(stream);
                await stream.FinishAsync(null);
            },
        };
        return Ask(fixture, Get(1, method: method));
    }

    private static (string Seen, HttpViolation Violation) Present(byte[] request)
    {
        var seen = "";
        var violation = HttpViolation.None;
        using var fixture = new Http2Fixture
        {
            App = stream =>
            {
                var head = stream.Request;
                violation = stream.Violation;
                seen = $"{Encoding.ASCII.GetString(head.MethodName)} {(head.IsHttps ? "https" : "http")} {Encoding.ASCII.GetString(head.Authority)} " +
                    $"{Encoding.ASCII.GetString(head.Target)} {head.Body} {head.ContentLength}\n{Http2Fixture.Text(head.Fields)}";
                return Http2Fixture.AnswerHelloAsync(stream);
            },
        };
        var peer = new FramePeer(fixture, fixture.ClientSocket);
        fixture.StartServer();
        peer.Send(Hello, SettingsAck, request);
        Assert.Null(fixture.End);
        Assert.Equal(1, fixture.Arrived);
        return (seen, violation);
    }
}
