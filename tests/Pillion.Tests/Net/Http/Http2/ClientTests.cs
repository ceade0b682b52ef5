using Pillion.Net.Http;
using Pillion.Net.Http.Http1;
using Pillion.Net.Http.Http2;
using Pillion.Net.Sockets;
using Xunit;
using static Pillion.Tests.Net.Http.Http2.FramePeer;

namespace Pillion.Tests.Net.Http.Http2;

/// <summary>Our client and a scripted upstream.</summary>
public sealed class ClientTests
{
    [Fact]
    public void A_connection_begins_with_preface_SETTINGS_and_its_window()
    {
        using var fixture = new Http2Fixture();
        var peer = Connect(fixture, settings: false);
        Assert.Equal("SETTINGS 2=0 4=65536 1=4096 5=16384 6=61440\nWINDOW_UPDATE 0 983041\n", peer.Take(all: true));
        Assert.Equal("SETTINGS ack\n", peer.Send(Settings()).Take(all: true));
    }

    [Fact]
    public void A_request_has_pseudo_fields_and_lower_case_names_and_nothing_of_the_connection()
    {
        using var fixture = new Http2Fixture();
        var peer = Connect(fixture);
        _ = fixture.AskAsync(Http2Fixture.Head(
            "GET", "/a?b", "orders:80", ("X-Upper", "A"), ("Connection", "close"), ("Keep-Alive", "x"), ("Transfer-Encoding", "chunked"), ("TE", "trailers"),
            ("Expect", "100-continue"), ("Upgrade", "h2c")));
        Assert.Equal(
            "HEADERS 1 :method: GET, :scheme: http, :path: /a?b, :authority: orders:80, x-upper: A, te: trailers, expect: 100-continue end\n", peer.Take());
        _ = fixture.AskAsync(Http2Fixture.Head("GET", "/"));
        Assert.Equal("HEADERS 3 :method: GET, :scheme: http, :path: /, :authority: orders end\n", peer.Take());
    }

    [Theory]
    [InlineData("Length")]
    [InlineData("Chunked")]
    public void A_body_ends_the_request(string body)
    {
        var kind = Enum.Parse<BodyKind>(body);
        using var fixture = new Http2Fixture();
        var peer = Connect(fixture);
        var head = Http2Fixture.Head("POST");
        head.Body = kind;
        head.ContentLength = 4;
        _ = fixture.AskAsync(head, "body");
        var length = kind == BodyKind.Length ? ", content-length: 4" : "";
        Assert.Equal($"HEADERS 1 :method: POST, :scheme: http, :path: /, :authority: orders{length}\nDATA 1 body end\n", peer.Take());
    }

    [Theory]
    [InlineData("GET", 200, null, true, "Length 0 ")]
    [InlineData("GET", 200, "0", true, "Length 0 content-length: 0\n")]
    [InlineData("GET", 200, null, false, "Chunked 0 ")]
    [InlineData("GET", 200, "2", false, "Length 2 content-length: 2\n")]
    [InlineData("HEAD", 200, "7", true, "None 0 content-length: 7\n")]
    [InlineData("HEAD", 200, null, true, "None 0 ")]
    [InlineData("GET", 304, "7", true, "None 0 content-length: 7\n")]
    [InlineData("GET", 204, "7", true, "None 0 ")]
    public void An_answers_body_is_as_long_as_frame_status_and_length_say(string method, int status, string? length, bool ends, string expected)
    {
        using var fixture = new Http2Fixture();
        var peer = Connect(fixture);
        var answer = fixture.AskAsync(Http2Fixture.Head(method));
        peer.Send(Headers(1, ends, [$":status: {status}", .. length is null ? (string[])[] : [$"content-length: {length}"]]));
        if (!ends)
        {
            peer.Send(Data(1, true, "ok"));
        }

        var head = answer.Result.Head;
        Assert.Equal(expected, $"{head.Body} {head.ContentLength} {Http2Fixture.Text(head.Fields)}");
        Assert.Equal(20, head.Version);
    }

    [Fact]
    public void Head_body_and_trailers_in_one_piece_are_one_answer()
    {
        using var fixture = new Http2Fixture();
        var peer = Connect(fixture);
        var answer = fixture.AskAsync(Http2Fixture.Head("POST"), "x");
        peer.Send(Headers(1, false, ":status: 200", "content-type: application/grpc"), Data(1, false, "he"), Data(1, false, "llo"), Headers(1, true, "grpc-status: 0"));
        Assert.Equal(("hello", "grpc-status: 0\n"), (answer.Result.Body, answer.Result.Trailers));
    }

    [Fact]
    public void Informational_heads_come_one_by_one()
    {
        using var fixture = new Http2Fixture();
        var peer = Connect(fixture);
        var answer = fixture.AskAsync(Http2Fixture.Head());
        peer.Send(Headers(1, false, ":status: 100"), Headers(1, false, ":status: 103", "link: a"), Headers(1, true, ":status: 200", "x: y"));
        Assert.Equal([100, 103], answer.Result.Interims);
        Assert.Equal("x: y\n", Http2Fixture.Text(answer.Result.Head.Fields));
    }

    [Fact]
    public void Too_many_informational_heads_that_nobody_takes_end_the_stream()
    {
        using var fixture = new Http2Fixture();
        var peer = Connect(fixture);
        Http2ClientStream stream = null!;
        fixture.OnLoop(() =>
        {
            stream = fixture.Client.TryOpen()!;
            stream.WriteHead(Http2Fixture.Head());
            _ = stream.FinishAsync(null);
        });
        peer.Take();
        Assert.Equal("RST_STREAM 1 EnhanceYourCalm\n", peer.Send([.. Enumerable.Repeat(Headers(1, false, ":status: 103"), 9)]).Take());
        fixture.OnLoop(stream.Release);
    }

    [Theory]
    [InlineData("x: y", nameof(HttpViolation.BadPseudoField))]
    [InlineData(":status: 200|:status: 200", nameof(HttpViolation.BadPseudoField))]
    [InlineData(":status: 2x0", nameof(HttpViolation.BadPseudoField))]
    [InlineData(":status: 101", nameof(HttpViolation.BadPseudoField))]
    [InlineData(":status: 200|:path: /", nameof(HttpViolation.BadPseudoField))]
    [InlineData("x: y|:status: 200", nameof(HttpViolation.BadPseudoField))]
    [InlineData(":status: 200|X: y", nameof(HttpViolation.UpperCaseFieldName))]
    [InlineData(":status: 200|connection: close", nameof(HttpViolation.ConnectionSpecificField))]
    [InlineData(":status: 200|transfer-encoding: chunked", nameof(HttpViolation.ConnectionSpecificField))]
    [InlineData(":status: 200|x: a\nb", nameof(HttpViolation.BadFieldValue))]
    [InlineData(":status: 200|content-length: x", nameof(HttpViolation.BadContentLength))]
    [InlineData(":status: 103", nameof(HttpViolation.BadPseudoField))]
    public void A_malformed_head_is_a_violation_of_the_upstream(string fields, string expected)
    {
        using var fixture = new Http2Fixture();
        var peer = Connect(fixture);
        var answer = fixture.AskAsync(Http2Fixture.Head());
        peer.Take();
        Assert.Equal("RST_STREAM 1 ProtocolError\n", peer.Send(Headers(1, true, fields.Split('|'))).Take());
        Assert.Equal((HeadOutcome.Violated, expected), (answer.Result.Result.Outcome, answer.Result.Result.Violation.ToString()));
        Assert.False(fixture.Client.IsClosed);
    }

    [Fact]
    public void A_head_that_is_too_large_is_a_violation_of_the_upstream()
    {
        using var fixture = new Http2Fixture(rules: HttpRules.Default with { MaxHeadBytes = 500 });
        var peer = Connect(fixture);
        var answer = fixture.AskAsync(Http2Fixture.Head());
        peer.Send(Headers(1, true, ":status: 200", "x: " + new string('y', 600)));
        Assert.Equal(HttpViolation.HeadTooLarge, answer.Result.Result.Violation);
    }

    [Theory]
    [InlineData("four", "four!None/BodyNotAsAnnounced")]
    [InlineData("sixsix", "!None/BodyNotAsAnnounced")]
    public void A_body_of_another_length_fails(string body, string expected)
    {
        using var fixture = new Http2Fixture();
        var peer = Connect(fixture);
        var answer = fixture.AskAsync(Http2Fixture.Head());
        peer.Take();
        Assert.Equal("RST_STREAM 1 ProtocolError\n", peer.Send(Headers(1, false, ":status: 200", "content-length: 5"), Data(1, true, body)).Take());
        Assert.Equal(expected, answer.Result.Body);
    }

    [Fact]
    public void DATA_behind_an_answer_to_HEAD_fails()
    {
        using var fixture = new Http2Fixture();
        var peer = Connect(fixture);
        var answer = fixture.AskAsync(Http2Fixture.Head("HEAD"));
        peer.Send(Headers(1, false, ":status: 200", "content-length: 5"), Data(1, true, "hello"));
        Assert.Equal("!None/BodyNotAsAnnounced", answer.Result.Body);
    }

    [Fact]
    public void A_refused_stream_may_be_tried_elsewhere()
    {
        using var fixture = new Http2Fixture();
        var peer = Connect(fixture);
        var answer = fixture.AskAsync(Http2Fixture.Head());
        peer.Send(Reset(1, Http2Error.RefusedStream));
        Assert.Equal((HeadOutcome.Failed, IoError.Reset), (answer.Result.Result.Outcome, answer.Result.Result.Error));
        Assert.Equal((true, Http2Error.RefusedStream, true), (answer.Result.WasRefused, answer.Result.PeerReset, answer.Result.SentAnything));
    }

    [Fact]
    public void A_reset_in_the_middle_of_an_answer_comes_behind_what_was_received()
    {
        using var fixture = new Http2Fixture();
        var peer = Connect(fixture);
        var answer = fixture.AskAsync(Http2Fixture.Head());
        peer.Send(Headers(1, false, ":status: 200"), Data(1, false, "half"), Reset(1, Http2Error.InternalError));
        Assert.Equal(("half!Reset/None", Http2Error.InternalError, false), (answer.Result.Body, answer.Result.PeerReset, answer.Result.WasRefused));
    }

    [Fact]
    public void A_complete_answer_counts_though_the_rest_of_the_request_is_not_wanted()
    {
        using var fixture = new Http2Fixture();
        var peer = Connect(fixture, Settings((SettingId.InitialWindowSize, 10)));
        IoResult sent = default;
        var answer = fixture.On(async () =>
        {
            var stream = fixture.Client.TryOpen()!;
            var head = Http2Fixture.Head("POST");
            head.Body = BodyKind.Chunked;
            stream.WriteHead(head);
            var response = new ResponseHead();
            var sending = Http2Fixture.SendAsync(stream, new string('x', 100));
            await stream.ReceiveHeadAsync(response, Pillion.Net.Http.HttpMethod.Post);
            var text = await Http2Fixture.ReadAllAsync(stream);
            sent = await sending;
            stream.Release();
            return text;
        });
        peer.Send(Headers(1, false, ":status: 200"), Data(1, true, "early"), Reset(1, Http2Error.NoError));
        Assert.Equal("early", answer.Result);
        Assert.Equal(IoError.Reset, sent.Error);
    }

    [Fact]
    public void GOAWAY_refuses_the_streams_above_its_last_and_lets_the_others_end()
    {
        using var fixture = new Http2Fixture();
        var peer = Connect(fixture);
        var first = fixture.AskAsync(Http2Fixture.Head());
        var second = fixture.AskAsync(Http2Fixture.Head());
        peer.Send(GoAway(1, Http2Error.NoError));
        Assert.True(second.Result.WasRefused);
        Assert.Equal((1, true, false), (fixture.GoingAwayTold, fixture.Client.IsGoingAway, first.IsCompleted));
        fixture.OnLoop(() => Assert.Null(fixture.Client.TryOpen()));
        peer.Send(Headers(1, true, ":status: 200"));
        Assert.Equal(200, first.Result.Status);
        Assert.True(fixture.Client.IsClosed);
        peer.Close();
        Assert.Equal(IoError.None, fixture.ClientClosed);
        Assert.Equal(1, fixture.GoingAwayTold);
    }

    [Fact]
    public void A_GOAWAY_in_two_steps_is_told_once()
    {
        using var fixture = new Http2Fixture();
        var peer = Connect(fixture);
        var first = fixture.AskAsync(Http2Fixture.Head());
        peer.Send(GoAway(int.MaxValue, Http2Error.NoError)).Send(GoAway(1, Http2Error.NoError), Headers(1, true, ":status: 200"));
        Assert.Equal((200, 1), (first.Result.Status, fixture.GoingAwayTold));
    }

    [Fact]
    public void An_idle_connection_closes_at_GOAWAY()
    {
        using var fixture = new Http2Fixture();
        var peer = Connect(fixture).Send(GoAway(0, Http2Error.NoError));
        Assert.Equal("GOAWAY 0 NoError\n", peer.Take());
        Assert.True(peer.IsEnded);
        peer.Close();
        Assert.Equal(IoError.None, fixture.ClientClosed);
    }

    [Fact]
    public void Streams_are_as_many_as_both_sides_allow()
    {
        using var fixture = new Http2Fixture(client: Http2Settings.Default with { MaxConcurrentStreams = 5 });
        var peer = Connect(fixture, settings: false);
        Assert.Equal(5, fixture.Client.MaxStreams);
        peer.Send(Settings((SettingId.MaxConcurrentStreams, 2)));
        Assert.Equal(2, fixture.Client.MaxStreams);
        var first = fixture.AskAsync(Http2Fixture.Head());
        _ = fixture.AskAsync(Http2Fixture.Head());
        fixture.OnLoop(() => Assert.Null(fixture.Client.TryOpen()));
        peer.Send(Headers(1, true, ":status: 200"));
        Assert.Equal((200, 1, 1), (first.Result.Status, fixture.Released, fixture.Client.ActiveStreams));
        fixture.OnLoop(() => fixture.Client.TryOpen()!.Release());
        Assert.Equal((2L + 1, 2), (fixture.Client.TotalStreams, fixture.Released));
    }

    [Fact]
    public void Streams_opened_and_not_begun_take_no_number()
    {
        using var fixture = new Http2Fixture();
        var peer = Connect(fixture);
        fixture.OnLoop(() =>
        {
            var first = fixture.Client.TryOpen()!;
            var second = fixture.Client.TryOpen()!;
            second.WriteHead(Http2Fixture.Head("GET", "/second"));
            _ = second.FinishAsync(null);
            Assert.False(first.SentAnything);
            first.Release();
            Assert.False(second.SentAnything);
            second.Release();
        });
        Assert.Equal("HEADERS 1 :method: GET, :scheme: http, :path: /second, :authority: orders end\nRST_STREAM 1 Cancel\n", peer.Take());
    }

    [Fact]
    public void The_end_of_the_connection_fails_what_is_under_way()
    {
        using var fixture = new Http2Fixture();
        var peer = Connect(fixture);
        var waiting = fixture.AskAsync(Http2Fixture.Head());
        var receiving = fixture.AskAsync(Http2Fixture.Head());
        peer.Send(Headers(3, false, ":status: 200"), Data(3, false, "half")).End();
        Assert.Equal(HeadOutcome.Failed, waiting.Result.Result.Outcome);
        Assert.Equal("half!Reset/None", receiving.Result.Body);
        Assert.Equal((IoError.None, true), (fixture.ClientClosed, fixture.Client.IsClosed));
        fixture.OnLoop(() => Assert.Null(fixture.Client.TryOpen()));
    }

    [Fact]
    public void A_GOAWAY_with_an_error_is_told_to_the_streams()
    {
        using var fixture = new Http2Fixture();
        var peer = Connect(fixture);
        var answer = fixture.AskAsync(Http2Fixture.Head());
        peer.Send(GoAway(1, Http2Error.EnhanceYourCalm)).End();
        Assert.Equal((Http2Error.EnhanceYourCalm, false), (answer.Result.PeerReset, answer.Result.WasRefused));
    }

    [Fact]
    public void An_abort_wakes_whoever_waits_and_cancels_the_stream()
    {
        using var fixture = new Http2Fixture();
        var peer = Connect(fixture);
        Http2ClientStream stream = null!;
        var result = fixture.On(async () =>
        {
            stream = fixture.Client.TryOpen()!;
            stream.WriteHead(Http2Fixture.Head());
            await stream.FinishAsync(null);
            var head = await stream.ReceiveHeadAsync(new ResponseHead(), Pillion.Net.Http.HttpMethod.Get);
            stream.Release();
            return head;
        });
        peer.Take();
        fixture.OnLoop(() => stream.Abort(reset: true));
        Assert.Equal((HeadOutcome.Failed, IoError.Closed), (result.Result.Outcome, result.Result.Error));
        Assert.Equal("RST_STREAM 1 Cancel\n", peer.Take());

        // What the upstream had sent already is dropped.
        Assert.Equal("", peer.Send(Headers(1, false, ":status: 200"), Data(1, true, "late")).Take());
        Assert.False(fixture.Client.IsClosed);
    }

    [Fact]
    public void A_cancelled_wait_for_a_head_loses_nothing()
    {
        using var fixture = new Http2Fixture();
        using var cancel = new CancellationTokenSource();
        var peer = Connect(fixture);
        var response = new ResponseHead();
        var result = fixture.On(async () =>
        {
            var stream = fixture.Client.TryOpen()!;
            stream.WriteHead(Http2Fixture.Head());
            await stream.FinishAsync(null);
            var first = await stream.ReceiveHeadAsync(response, Pillion.Net.Http.HttpMethod.Get, cancel.Token);
            var second = await stream.ReceiveHeadAsync(response, Pillion.Net.Http.HttpMethod.Get);
            stream.Release();
            return (first.Error, second.Outcome);
        });
        fixture.OnLoop(cancel.Cancel);
        peer.Send(Headers(1, true, ":status: 201"));
        Assert.Equal((IoError.Cancelled, HeadOutcome.Received), result.Result);
        Assert.Equal(201, response.Status);
    }

    [Fact]
    public void A_head_that_came_before_anybody_asked_is_kept()
    {
        using var fixture = new Http2Fixture();
        var peer = Connect(fixture);
        Http2ClientStream stream = null!;
        fixture.OnLoop(() =>
        {
            stream = fixture.Client.TryOpen()!;
            stream.WriteHead(Http2Fixture.Head());
            _ = stream.FinishAsync(null);
        });
        peer.Send(Headers(1, false, ":status: 100"), Headers(1, false, ":status: 200", "a: b"), Data(1, true, "body"));
        var text = fixture.On(async () =>
        {
            var head = new ResponseHead();
            await stream.ReceiveHeadAsync(head, Pillion.Net.Http.HttpMethod.Get);
            var interim = head.Status;
            await stream.ReceiveHeadAsync(head, Pillion.Net.Http.HttpMethod.Get);
            var body = await Http2Fixture.ReadAllAsync(stream);
            stream.Release();
            return $"{interim} {head.Status} {Http2Fixture.Text(head.Fields)}{body}";
        });
        Assert.Equal("100 200 a: b\nbody", text.Result);
    }

    // Name → what the upstream sends behind its SETTINGS while stream 1 waits for its answer, and what it is told.
    private static readonly Dictionary<string, (byte[][] Sent, string Expected)> Mistakes = new()
    {
        ["PUSH_PROMISE"] = ([Frame(FrameType.PushPromise, FrameFlags.EndHeaders, 1, 0, 0, 0, 2)], "GOAWAY 0 ProtocolError\n"),
        ["a stream of its own"] = ([Headers(2, true, ":status: 200")], "GOAWAY 0 ProtocolError\n"),
        ["an answer to nothing"] = ([Headers(3, true, ":status: 200")], "GOAWAY 0 ProtocolError\n"),
        ["DATA of nothing"] = ([Data(3, true, "x")], "GOAWAY 0 ProtocolError\n"),
        ["ENABLE_PUSH"] = ([Settings((SettingId.EnablePush, 1))], "GOAWAY 0 ProtocolError\n"),
        ["extended CONNECT taken back"] =
            ([Settings((SettingId.EnableConnectProtocol, 1)), Settings((SettingId.EnableConnectProtocol, 0))], "GOAWAY 0 ProtocolError\n"),
        ["a block that is not HPACK"] = ([Frame(FrameType.Headers, FrameFlags.EndHeaders, 1, 0xBE)], "GOAWAY 0 CompressionError\n"),
        ["GOAWAY on a stream"] = ([Frame(FrameType.GoAway, 0, 1, new byte[8])], "GOAWAY 0 ProtocolError\n"),
        ["HEADERS behind the end"] = ([Headers(1, true, ":status: 200"), Headers(1, true, "a: b")], "RST_STREAM 1 StreamClosed\n"),
        ["trailers that do not end"] = ([Headers(1, false, ":status: 200"), Headers(1, false, "a: b")], "RST_STREAM 1 ProtocolError\n"),
        ["a pseudo-field in trailers"] = ([Headers(1, false, ":status: 200"), Headers(1, true, ":status: 200")], "RST_STREAM 1 ProtocolError\n"),
        ["a window that overflows"] = ([WindowUpdate(1, int.MaxValue)], "RST_STREAM 1 FlowControlError\n"),
    };

    public static TheoryData<string> MistakeNames => [.. Mistakes.Keys];

    [Theory]
    [MemberData(nameof(MistakeNames))]
    public void A_mistake_of_the_upstream_has_its_code_and_its_level(string name)
    {
        var (sent, expected) = Mistakes[name];
        using var fixture = new Http2Fixture();
        var peer = Connect(fixture);
        Http2ClientStream stream = null!;
        fixture.OnLoop(() =>
        {
            // Nobody takes the answer, and the request is not finished.
            stream = fixture.Client.TryOpen()!;
            stream.WriteHead(Http2Fixture.Head("POST"));
            _ = stream.FlushAsync();
        });
        peer.Take();
        Assert.Equal(expected, peer.Send(sent).Take());
        Assert.Equal(expected.StartsWith("GOAWAY", StringComparison.Ordinal), fixture.Client.IsClosed);
        fixture.OnLoop(stream.Release);
    }

    [Fact]
    public void A_connection_that_is_closed_in_order_says_so()
    {
        using var fixture = new Http2Fixture();
        var peer = Connect(fixture);
        var answer = fixture.AskAsync(Http2Fixture.Head());
        peer.Take();
        fixture.OnLoop(() => fixture.Client.Close(goAway: true));
        Assert.Equal("GOAWAY 0 NoError\n", peer.Take());
        Assert.Equal((HeadOutcome.Failed, IoError.Closed), (answer.Result.Result.Outcome, answer.Result.Result.Error));
        Assert.True(peer.IsEnded);
        Assert.Equal(IoError.None, fixture.ClientClosed);
    }

    [Fact]
    public void A_request_on_a_connection_that_has_just_ended_was_not_sent()
    {
        using var fixture = new Http2Fixture();
        var peer = Connect(fixture);
        Http2ClientStream stream = null!;
        fixture.OnLoop(() => stream = fixture.Client.TryOpen()!);
        peer.End();
        var result = fixture.On(async () =>
        {
            Assert.True(stream.WriteHead(Http2Fixture.Head()));
            var finished = await stream.FinishAsync(null);
            var head = await stream.ReceiveHeadAsync(new ResponseHead(), Pillion.Net.Http.HttpMethod.Get);
            var sent = stream.SentAnything;
            stream.Release();
            return (finished.IsOk, head.Outcome, sent);
        });
        Assert.Equal((false, HeadOutcome.Failed, false), result.Result);
        Assert.Equal(IoError.None, fixture.ClientClosed);
    }

    private static FramePeer Connect(Http2Fixture fixture, params byte[][] frames) => Connect(fixture, true, frames);

    private static FramePeer Connect(Http2Fixture fixture, bool settings, params byte[][] frames)
    {
        var peer = new FramePeer(fixture, fixture.ServerSocket);
        fixture.StartClient();
        if (settings)
        {
            peer.Send([Settings(), SettingsAck, .. frames]);
            peer.Take(all: true);
        }

        return peer;
    }
}
