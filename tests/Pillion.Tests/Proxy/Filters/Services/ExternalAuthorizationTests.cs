using Pillion.Core.Configuration;
using Pillion.Core.Protobuf;
using Pillion.Core.Signals;
using Pillion.Net.Http.Http2;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Filters.ExternalAuthorization;
using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Proxy.Filters.Services;

/// <summary>A service asked by gRPC: what it is told, what its answer does, and what becomes of requests when it is slow, gone or mad.</summary>
public sealed class ExternalAuthorizationTests
{
    private static readonly ExternalAuthorizationConfig Usual = new() { Cluster = "auth", Source = new SourceLine("p.yaml", 5, 3, "inbound.external_authorization") };

    [Fact]
    public void The_service_is_told_who_asks_for_what()
    {
        using var fixture = With(Usual with { Context = [new ContextExtension("place", "orders")] }, out var auth);
        var client = fixture.Request("POST /a?b=c HTTP/1.1\r\nHost: shop\r\nX-Tenant: one\r\nx-tenant: two\r\nX-Odd: \xff\r\nContent-Length: 5\r\n\r\nhello");
        var call = auth.Http2[0].Next();
        Assert.StartsWith("POST auth /envoy.service.auth.v3.Authorization/Check\n", call.Head);
        Assert.Contains("grpc-timeout: 200m\n", call.Head);
        var asked = GrpcAnswers.Message(call);
        var headers = GrpcAnswers.Map(asked, 1, 4, 2, 3);
        Assert.Equal(("POST", "/a?b=c", "shop", "http"), (headers[":method"], headers[":path"], headers[":authority"], headers[":scheme"]));
        Assert.Equal(("one,two", "!"), (headers["x-tenant"], headers["x-odd"]));
        Assert.Equal(["POST"], GrpcAnswers.Texts(asked, 1, 4, 2, 2));
        Assert.Equal(["/a?b=c"], GrpcAnswers.Texts(asked, 1, 4, 2, 4));
        Assert.Equal(["shop"], GrpcAnswers.Texts(asked, 1, 4, 2, 5));
        Assert.Equal(["5"], GrpcAnswers.Texts(asked, 1, 4, 2, 9));
        Assert.Equal(["HTTP/1.1"], GrpcAnswers.Texts(asked, 1, 4, 2, 10));
        Assert.Empty(GrpcAnswers.Texts(asked, 1, 4, 2, 11));
        Assert.Equal(["127.0.0.1"], GrpcAnswers.Texts(asked, 1, 1, 1, 1, 2));
        Assert.Equal(["15000"], GrpcAnswers.Texts(asked, 1, 2, 1, 1, 3));
        Assert.Equal("orders", GrpcAnswers.Map(asked, 1, 10)["place"]);
        Assert.Empty(fixture.Upstream.Connections);
        GrpcAnswers.Reply(call, _ => { });
        Assert.EndsWith("\r\n\r\nhello", fixture.Upstream.Requests[0]);
        Assert.StartsWith("HTTP/1.1 200 ", client.Received);
        Assert.Equal(new Verdict("external_authorization", "allowed", default), fixture.Record.Verdicts[0]);
    }

    [Fact]
    public void Only_the_headers_that_the_file_names_are_told()
    {
        using var fixture = With(Usual with { AllowedHeaders = [Name("x-"), Name("authorization")], DisallowedHeaders = [Name("x-secret")] }, out var auth);
        _ = fixture.Request("GET / HTTP/1.1\r\nHost: a\r\nX-One: 1\r\nX-Secret: 2\r\nCookie: 3\r\n\r\n");
        var headers = GrpcAnswers.Map(GrpcAnswers.Message(auth.Http2[0].Next()), 1, 4, 2, 3);
        Assert.Contains("x-one", headers.Keys);
        Assert.DoesNotContain("x-secret", headers.Keys);
        Assert.DoesNotContain("cookie", headers.Keys);
        fixture.AdvanceSeconds(0.3);
    }

    [Fact]
    public void What_it_allows_goes_on_with_its_headers_and_without_those_it_takes_away()
    {
        using var fixture = With(Usual, out var auth);
        var client = fixture.Request("GET / HTTP/1.1\r\nHost: a\r\nX-User: root\r\nX-List: one\r\nX-Gone: 1\r\n\r\n");
        GrpcAnswers.Reply(auth.Http2[0].Next(), writer =>
        {
            var ok = writer.Begin(3);
            GrpcAnswers.Header(writer, 2, "x-user", "me");
            GrpcAnswers.Header(writer, 2, "x-list", "two", append: true);
            GrpcAnswers.Header(writer, 2, "content-length", "1000");
            GrpcAnswers.Header(writer, 2, "host", "elsewhere");
            GrpcAnswers.Header(writer, 2, "x-bad", "a\r\nx-injected: 1");
            writer.Text(5, "x-gone");
            GrpcAnswers.Header(writer, 6, "x-seen", "yes");
            writer.End(ok);
        });
        var seen = fixture.Upstream.Requests[0];
        Assert.Contains("x-user: me\r\n", seen);
        Assert.Contains("X-List: one\r\n", seen);
        Assert.Contains("x-list: two\r\n", seen);
        Assert.Contains("Host: a\r\n", seen);
        Assert.All(["root", "1000", "elsewhere", "x-bad", "injected", "X-Gone"], text => Assert.DoesNotContain(text, seen));
        Assert.Contains("x-seen: yes\r\n", client.Received);

        // Nothing of it stays for the next request.
        var next = client.Take() is null ? "" : "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
        client.Send(next);
        GrpcAnswers.Reply(auth.Http2[0].Next(), _ => { });
        Assert.DoesNotContain("x-seen", client.Received);
    }

    [Fact]
    public void What_it_denies_gets_its_status_its_headers_and_its_words()
    {
        using var fixture = With(Usual, out var auth);
        var client = fixture.Get();
        GrpcAnswers.Reply(auth.Http2[0].Next(), writer =>
        {
            Code(writer, 7);
            var denied = writer.Begin(2);
            var status = writer.Begin(1);
            writer.UInt(1, 302);
            writer.End(status);
            GrpcAnswers.Header(writer, 2, "Location", "https://login.example/");
            GrpcAnswers.Header(writer, 2, "Set-Cookie", "state=1", append: true);
            writer.Text(3, "please log in");
            writer.End(denied);
        });
        Assert.StartsWith("HTTP/1.1 302 ", client.Received);
        Assert.Contains("Location: https://login.example/\r\n", client.Received);
        Assert.Contains("Set-Cookie: state=1\r\n", client.Received);
        Assert.EndsWith("\r\n\r\nplease log in", client.Received);
        Assert.Empty(fixture.Upstream.Connections);
        Assert.Equal("denied", fixture.Record.Verdicts[0].Outcome);
        Assert.Contains("auth says 302", Explanations.Sentence(fixture.Record));
        Assert.Contains("p.yaml:5", Explanations.Sentence(fixture.Record));
    }

    [Fact]
    public void A_plain_no_is_403_and_a_call_gets_the_status_of_its_own_protocol()
    {
        using var fixture = With(Usual, out var auth);
        var client = fixture.Get();
        GrpcAnswers.Reply(auth.Http2[0].Next(), writer => Code(writer, 7));
        Assert.StartsWith("HTTP/1.1 403 ", client.Received);
        Assert.Contains("auth says 403", client.Received);

        var asked = fixture.ConnectHttp2().Ask("POST", "/service/Method", "message", fields: [("content-type", "application/grpc")]);
        GrpcAnswers.Reply(auth.Http2[0].Next(), writer => Code(writer, 7));
        Assert.Contains("grpc-status: 7\n", asked.Fields);
    }

    [Fact]
    public void A_service_that_is_slow_refuses_after_its_time()
    {
        using var fixture = With(Usual, out var auth);
        var client = fixture.Get();
        var call = auth.Http2[0].Next();
        fixture.Advance(TimeSpan.FromMilliseconds(190));
        Assert.Empty(client.Received);
        fixture.Advance(TimeSpan.FromMilliseconds(20));
        Assert.StartsWith("HTTP/1.1 403 ", client.Received);
        Assert.Contains("auth: it did not answer in time", client.Received);
        Assert.True(call.IsCancelled);
        Assert.Equal("error", fixture.Record.Verdicts[0].Outcome);
    }

    [Theory]
    [InlineData(false, 403)]
    [InlineData(true, 200)]
    public void A_service_that_is_gone_refuses_unless_the_file_says_otherwise(bool open, int status)
    {
        using var fixture = With(Usual with { FailsOpen = open, TellsFailOpen = true, FailureStatus = 403 }, out var auth);
        auth.Close();
        var client = fixture.Request("GET / HTTP/1.1\r\nHost: a\r\nx-envoy-auth-failure-mode-allowed: no\r\n\r\n");
        Assert.StartsWith($"HTTP/1.1 {status} ", client.Received);
        Assert.Equal(open ? "failure_mode_allowed" : "error", fixture.Record.Verdicts[0].Outcome);
        Assert.All(fixture.Upstream.Requests, request => Assert.Contains("x-envoy-auth-failure-mode-allowed: true\r\n", request));
    }

    [Theory]
    [InlineData("\xff\xff\xff")]
    [InlineData("\x1a\x7f")]
    [InlineData("\x0a\x02\x08")]
    public void Garbage_is_no_yes(string message)
    {
        using var fixture = With(Usual, out var auth);
        var client = fixture.Get();
        GrpcAnswers.Reply(auth.Http2[0].Next(), System.Text.Encoding.Latin1.GetBytes(message));
        Assert.StartsWith("HTTP/1.1 403 ", client.Received);
        Assert.Contains("its answer is not a CheckResponse", client.Received);
    }

    [Fact]
    public void Neither_is_a_status_nor_a_reset_nor_a_wish_that_cannot_be_fulfilled()
    {
        using var fixture = With(Usual, out var auth);
        var client = fixture.Get();
        GrpcAnswers.Status(auth.Http2[0].Next(), 12);
        Assert.StartsWith("HTTP/1.1 403 ", client.Received);
        Assert.Contains("it answered with gRPC status 12", client.Received);

        client = fixture.Get();
        auth.Http2[0].Next().Abort(Http2Error.InternalError);
        Assert.StartsWith("HTTP/1.1 403 ", client.Received);

        client = fixture.Get();
        GrpcAnswers.Reply(auth.Http2[0].Next(), writer =>
        {
            var ok = writer.Begin(3);
            writer.Text(8, "token");
            writer.End(ok);
        });
        Assert.StartsWith("HTTP/1.1 403 ", client.Received);
        Assert.Contains("it wants query parameters changed", client.Received);
    }

    [Fact]
    public void Random_bytes_never_do_more_than_refuse_or_allow()
    {
        using var fixture = With(Usual, out var auth);
        var random = new Random(11);
        for (var i = 0; i < 200; i++)
        {
            var message = new byte[random.Next(1, 60)];
            random.NextBytes(message);
            var client = fixture.Get();
            GrpcAnswers.Reply(auth.Http2[0].Next(), message);
            Assert.Matches("^HTTP/1.1 (200|403|[2-5][0-9][0-9]) ", client.Received);
        }
    }

    [Fact]
    public void A_client_that_leaves_is_not_asked_about_any_longer()
    {
        using var fixture = With(Usual, out var auth);
        var client = fixture.Get();
        var call = auth.Http2[0].Next();
        client.Reset();
        fixture.Advance(TimeSpan.FromMilliseconds(10));
        Assert.True(call.IsCancelled);
        Assert.Equal(ResponseFlags.DC, fixture.Record.Flags);
    }

    [Theory]
    [InlineData("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n0123456789")]
    [InlineData("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n0123\r\n6\r\n456789\r\n0\r\n\r\n")]
    public void The_body_is_told_when_asked_for_and_goes_on_as_it_came(string request)
    {
        using var fixture = With(Usual with { MaxBodyBytes = 10 }, out var auth);
        var client = fixture.Connect();
        foreach (var part in request.Chunk(7))
        {
            Assert.All(auth.Http2, peer => Assert.Empty(peer.Calls));
            client.Send(new string(part));
        }

        var call = auth.Http2[0].Next();
        Assert.Equal(["0123456789"], GrpcAnswers.Texts(GrpcAnswers.Message(call), 1, 4, 2, 11));
        GrpcAnswers.Reply(call, _ => { });
        Assert.Contains("0123456789", fixture.Upstream.Requests[0]);
        Assert.StartsWith("HTTP/1.1 200 ", client.Received);

        // The connection goes on.
        client.Take();
        client.Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        GrpcAnswers.Reply(auth.Http2[0].Next(), _ => { });
        Assert.StartsWith("HTTP/1.1 200 ", client.Received);
    }

    [Fact]
    public void A_body_that_is_too_long_is_413_or_told_in_part()
    {
        using (var whole = With(Usual with { MaxBodyBytes = 4 }, out var auth))
        {
            Assert.StartsWith("HTTP/1.1 413 ", whole.Request("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n01234").Received);
            Assert.StartsWith("HTTP/1.1 413 ", whole.Request("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n01234\r\n0\r\n\r\n").Received);
            Assert.Empty(auth.Http2);
        }

        using var part = With(Usual with { MaxBodyBytes = 4, AllowsPartialBody = true }, out var asked);
        var client = part.Request("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n01234");
        var call = asked.Http2[0].Next();
        var message = GrpcAnswers.Message(call);
        Assert.Equal(["0123"], GrpcAnswers.Texts(message, 1, 4, 2, 11));
        Assert.Equal("true", GrpcAnswers.Map(message, 1, 4, 2, 3)["x-envoy-auth-partial-body"]);
        GrpcAnswers.Reply(call, _ => { });
        client.Send("56789");
        Assert.EndsWith("0123456789", part.Upstream.Requests[0]);
        Assert.StartsWith("HTTP/1.1 200 ", client.Received);
    }

    [Fact]
    public void A_client_that_waits_to_be_told_to_go_on_is_told()
    {
        using var fixture = With(Usual with { MaxBodyBytes = 100 }, out var auth);
        var client = fixture.Request("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 100 ", client.TakeHead());
        client.Send("hello");
        GrpcAnswers.Reply(auth.Http2[0].Next(), _ => { });
        Assert.EndsWith("hello", fixture.Upstream.Requests[0]);
        Assert.StartsWith("HTTP/1.1 200 ", client.Received);
    }

    [Fact]
    public void A_client_that_leaves_in_the_middle_of_its_body_leaves_nothing_behind()
    {
        using var fixture = With(Usual with { MaxBodyBytes = 100 }, out var auth);
        var client = fixture.Request("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\nhello");
        client.Reset();
        Assert.Empty(auth.Http2);
        var broken = fixture.Request("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n");
        Assert.StartsWith("HTTP/1.1 400 ", broken.Received);
        Assert.Equal(0, fixture.SlabsRented);
    }

    [Fact]
    public void A_client_that_closes_its_half_behind_the_body_still_gets_its_answer()
    {
        using var fixture = With(Usual with { MaxBodyBytes = 100 }, out var auth);
        var client = fixture.Connect();
        client.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", end: true);
        GrpcAnswers.Reply(auth.Http2[0].Next(), _ => { });
        Assert.StartsWith("HTTP/1.1 200 ", client.Received);
        Assert.EndsWith("hello", fixture.Upstream.Requests[0]);
    }

    [Fact]
    public void A_body_that_came_in_single_bytes_costs_no_more_memory_than_one()
    {
        using var fixture = With(Usual with { MaxBodyBytes = 4000 }, out var auth);
        var client = fixture.Request("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
        for (var i = 0; i < 300; i++)
        {
            client.Send("1\r\nx\r\n");
        }

        Assert.InRange(fixture.SlabsRented, 1, 4);
        client.Send("0\r\n\r\n");
        GrpcAnswers.Reply(auth.Http2[0].Next(), _ => { });
        Assert.StartsWith("HTTP/1.1 200 ", client.Received);
    }

    [Fact]
    public void A_denied_body_is_given_back_and_the_connection_goes_on()
    {
        using var fixture = With(Usual with { MaxBodyBytes = 100 }, out var auth);
        var client = fixture.Request("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
        GrpcAnswers.Reply(auth.Http2[0].Next(), writer => Code(writer, 7));
        Assert.StartsWith("HTTP/1.1 403 ", client.Take());
        client.Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        GrpcAnswers.Reply(auth.Http2[0].Next(), _ => { });
        Assert.StartsWith("HTTP/1.1 200 ", client.Received);
    }

    [Fact]
    public void The_body_of_an_HTTP2_request_is_told_as_well()
    {
        using var fixture = With(Usual with { MaxBodyBytes = 100, PacksBodyAsBytes = true }, out var auth);
        var asked = fixture.ConnectHttp2().Ask("POST", "/", ends: false);
        asked.Send("hello ");
        asked.Send("world");
        Assert.Empty(auth.Http2);
        asked.End();
        var call = auth.Http2[0].Next();
        Assert.Equal(["hello world"], GrpcAnswers.Texts(GrpcAnswers.Message(call), 1, 4, 2, 12));
        GrpcAnswers.Reply(call, _ => { });
        Assert.Equal(200, asked.Status);
        Assert.Contains("hello world", fixture.Upstream.Requests[0]);
    }

    internal static ProxyFixture With(ExternalAuthorizationConfig config, out ScriptedUpstream auth)
    {
        var fixture = new ProxyFixture();
        fixture.Upstream.Answer = _ => "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
        auth = fixture.Listen(9001);
        if (config.Http is null)
        {
            auth.SpeakHttp2();
        }

        var made = ProxyFixture.Make(route: route => route with { Filters = [config] });
        var service = new ClusterConfig { Name = "auth", Endpoints = [ProxyFixture.Endpoint(9001)], Protocol = config.Http is null ? HttpProtocol.Http2 : HttpProtocol.Http1 };
        Assert.Empty(fixture.Reload(made with { Clusters = [.. made.Clusters, service] }));
        return fixture;
    }

    internal static ValueMatchConfig Name(string prefix) => new() { Name = "", Kind = ValueMatchKind.Prefix, Value = prefix };

    private static void Code(ProtoWriter writer, ulong code)
    {
        var status = writer.Begin(1);
        writer.UInt(1, code);
        writer.End(status);
    }
}
