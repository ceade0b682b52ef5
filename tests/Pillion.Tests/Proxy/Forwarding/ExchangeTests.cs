using Pillion.Proxy.Configuration;
using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Proxy.Forwarding;

/// <summary>
/// What a client and an upstream see of ordinary and of odd exchanges. Every test runs under each way the network may cut the bytes:
/// the result must not depend on it.
/// </summary>
public abstract class ExchangeTests(int bytesPerReceive)
{
    private const string Ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

    private ProxyFixture Proxy(
        Func<ForwardConfig, ForwardConfig>? forward = null,
        Func<HttpConfig, HttpConfig>? http = null) =>
        new(forward, http, bytesPerReceive: bytesPerReceive);

    [Fact]
    public void Requests_follow_each_other_on_one_connection_and_share_one_upstream_connection()
    {
        using var proxy = Proxy();
        var client = proxy.Connect();
        proxy.Upstream.Answer = _ => Ok;
        for (var i = 0; i < 3; i++)
        {
            client.Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
            Assert.StartsWith("HTTP/1.1 200 OK\r\n", client.TakeHead());
            Assert.Equal("ok", client.Take());
        }

        Assert.Single(proxy.Upstream.Connections);
    }

    [Fact]
    public void Pipelined_requests_are_answered_in_order()
    {
        using var proxy = Proxy();
        proxy.Upstream.Answer = request => $"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{request.Split(' ')[1][1..]}";
        var client = proxy.Request("GET /01 HTTP/1.1\r\nHost: a\r\n\r\nPOST /02 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcGET /03 HTTP/1.1\r\nHost: a\r\n\r\n");
        foreach (var expected in (string[])["01", "02", "03"])
        {
            client.TakeHead();
            Assert.Equal(expected, client.Take(2));
        }

        Assert.Equal("", client.Take());
    }

    [Fact]
    public void Pipelined_requests_with_the_end_right_behind_them_are_all_answered()
    {
        using var proxy = Proxy();
        proxy.Upstream.Answer = request => Ok;
        var client = proxy.Connect().Send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n", end: true);
        client.TakeHead();
        Assert.Equal("ok", client.Take(2));
        client.TakeHead();
        Assert.Equal("ok", client.Take());
        Assert.True(client.IsEnded);
    }

    [Fact]
    public void An_HTTP_1_0_client_gets_its_answer_and_the_end()
    {
        using var proxy = Proxy();
        proxy.Upstream.Answer = _ => Ok;
        var client = proxy.Request("GET / HTTP/1.0\r\n\r\n");
        Assert.Contains("Connection: close\r\n", client.TakeHead());
        Assert.Equal("ok", client.Take());
        Assert.True(client.IsEnded);
    }

    [Fact]
    public void An_HTTP_1_0_client_that_asks_to_keep_the_connection_keeps_it()
    {
        using var proxy = Proxy();
        proxy.Upstream.Answer = _ => Ok;
        var client = proxy.Request("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
        Assert.Contains("Connection: keep-alive\r\n", client.TakeHead());
        Assert.Equal("ok", client.Take());
        client.Send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
        client.TakeHead();
        Assert.Equal("ok", client.Take());
        Assert.False(client.IsOver);
    }

    [Fact]
    public void A_chunked_request_arrives_chunked_with_its_trailers_and_without_its_extensions()
    {
        using var proxy = Proxy();
        var client = proxy.Request("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n5;name=\"v\"\r\nhello\r\n6\r\n world\r\n0\r\nX-Sum: 11\r\n\r\n");
        var upstream = proxy.Upstream.Next();
        Assert.Contains("Transfer-Encoding: chunked\r\n", upstream.TakeHead());
        Assert.Equal(("hello world", "X-Sum: 11\r\n"), Unchunk(upstream.Take()));
        upstream.Send(Ok);
        client.TakeHead();
        Assert.Equal("ok", client.Take());
        Assert.Equal(11, proxy.Record.BytesReceived);
    }

    [Fact]
    public void A_chunked_answer_arrives_chunked_with_its_trailers()
    {
        using var proxy = Proxy();
        var client = proxy.Get();
        proxy.Upstream.Next().Send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n3;a=b\r\nabc\r\nA\r\n0123456789\r\n0\r\nX-Sum: 13\r\n\r\n");
        Assert.Contains("Transfer-Encoding: chunked\r\n", client.TakeHead());
        Assert.Equal(("abc0123456789", "X-Sum: 13\r\n"), Unchunk(client.Take()));
        Assert.Equal(13, proxy.Record.BytesSent);
        Assert.Equal(1, proxy.Role.Live.Clusters["app"].On(proxy.Role.Loops[0]).Pool.IdleCount);
    }

    [Fact]
    public void A_chunked_answer_to_an_HTTP_1_0_client_ends_with_the_connection()
    {
        using var proxy = Proxy();
        var client = proxy.Request("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
        proxy.Upstream.Next().Send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
        var head = client.TakeHead();
        Assert.DoesNotContain("chunked", head);
        Assert.Contains("Connection: close\r\n", head);
        Assert.Equal("abcde", client.Take());
        Assert.True(client.IsEnded);
    }

    [Fact]
    public void An_answer_without_length_lasts_until_the_upstream_closes()
    {
        using var proxy = Proxy();
        var client = proxy.Get();
        var upstream = proxy.Upstream.Next();
        upstream.Send("HTTP/1.1 200 OK\r\n\r\nabc").Send("def", end: true);
        Assert.Contains("Connection: close\r\n", client.TakeHead());
        Assert.Equal("abcdef", client.Take());
        Assert.True(client.IsEnded);
        Assert.False(proxy.Record.Failure.IsFailure);
    }

    [Theory]
    [InlineData("HEAD", "200 OK\r\nContent-Length: 1000")]
    [InlineData("HEAD", "200 OK\r\nTransfer-Encoding: chunked")]
    [InlineData("GET", "204 No Content")]
    [InlineData("GET", "304 Not Modified\r\nContent-Length: 1000")]
    public void An_answer_that_has_no_body_leaves_the_connections_usable(string method, string answer)
    {
        using var proxy = Proxy();
        var client = proxy.Request($"{method} / HTTP/1.1\r\nHost: a\r\n\r\n");
        var upstream = proxy.Upstream.Next();
        upstream.Send($"HTTP/1.1 {answer}\r\n\r\n");
        var head = client.TakeHead();
        Assert.Equal(answer.Contains("Content-Length", StringComparison.Ordinal), head.Contains("Content-Length: 1000\r\n", StringComparison.Ordinal));
        Assert.Equal("", client.Take());
        upstream.Take();
        client.Send("GET /next HTTP/1.1\r\nHost: a\r\n\r\n");
        Assert.StartsWith("GET /next ", upstream.TakeHead());
        upstream.Send(Ok);
        client.TakeHead();
        Assert.Equal("ok", client.Take());
    }

    [Fact]
    public void A_client_that_waits_for_100_is_told_by_the_upstream()
    {
        using var proxy = Proxy();
        var client = proxy.Request("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
        var upstream = proxy.Upstream.Next();
        Assert.Contains("Expect: 100-continue\r\n", upstream.TakeHead());
        Assert.Equal("", client.Take());
        upstream.Send("HTTP/1.1 100 Continue\r\n\r\n");
        Assert.Equal("HTTP/1.1 100 Continue\r\n\r\n", client.Take());
        client.Send("hello");
        Assert.Equal("hello", upstream.Take());
        upstream.Send(Ok);
        Assert.DoesNotContain("Connection: close", client.TakeHead());
        Assert.Equal("ok", client.Take());
    }

    [Fact]
    public void A_final_answer_instead_of_100_ends_the_connection()
    {
        using var proxy = Proxy();
        var client = proxy.Request("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
        proxy.Upstream.Next().Send("HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno");
        Assert.Contains("Connection: close\r\n", client.TakeHead());
        Assert.Equal("no", client.Take());
        Assert.True(client.IsEnded);
    }

    [Fact]
    public void Informational_answers_are_passed_on_before_the_answer()
    {
        using var proxy = Proxy();
        var client = proxy.Get();
        proxy.Upstream.Next().Send("HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </b.css>\r\n\r\n" + Ok);
        Assert.Equal("HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n", client.TakeHead());
        Assert.Equal("HTTP/1.1 103 Early Hints\r\nLink: </b.css>\r\n\r\n", client.TakeHead());
        Assert.StartsWith("HTTP/1.1 200 OK\r\n", client.TakeHead());
        Assert.Equal("ok", client.Take());
        Assert.Equal(200, proxy.Record.Status);
    }

    [Fact]
    public void An_HTTP_1_0_client_is_sent_no_informational_answer()
    {
        using var proxy = Proxy();
        var client = proxy.Request("GET / HTTP/1.0\r\n\r\n");
        proxy.Upstream.Next().Send("HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n" + Ok);
        Assert.StartsWith("HTTP/1.1 200 OK\r\n", client.TakeHead());
    }

    [Fact]
    public void A_granted_upgrade_is_a_tunnel_and_bytes_right_behind_both_heads_are_passed_on()
    {
        using var proxy = Proxy();
        var client = proxy.Request("GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: k\r\n\r\nclient-first");
        var upstream = proxy.Upstream.Next();
        var request = upstream.TakeHead();
        Assert.Contains("Connection: upgrade\r\n", request);
        Assert.Contains("Upgrade: websocket\r\n", request);
        Assert.Equal("", upstream.Take());
        upstream.Send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nserver-first");
        var head = client.TakeHead();
        Assert.Contains("Connection: upgrade\r\n", head);
        Assert.Contains("Upgrade: websocket\r\n", head);
        Assert.Equal("server-first", client.Take());
        Assert.Equal("client-first", upstream.Take());
        client.Send("ping");
        Assert.Equal("ping", upstream.Take());
        upstream.Send("pong");
        Assert.Equal("pong", client.Take());

        client.End();
        Assert.True(upstream.IsEnded);
        upstream.Send("still here");
        Assert.Equal("still here", client.Take());
        upstream.End();
        Assert.True(client.IsEnded);
        Assert.Equal((101, 16, 26), (proxy.Record.Status, proxy.Record.BytesReceived, proxy.Record.BytesSent));
        Assert.False(proxy.Record.Failure.IsFailure);
    }

    [Fact]
    public void A_tunnel_that_the_upstream_ends_first_still_carries_the_clients_bytes()
    {
        using var proxy = Proxy();
        var client = proxy.Request("GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
        var upstream = proxy.Upstream.Next();
        upstream.Send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nbye", end: true);
        client.TakeHead();
        Assert.Equal("bye", client.Take());
        Assert.True(client.IsEnded);
        upstream.Take();
        client.Send("goodbye", end: true);
        Assert.Equal("goodbye", upstream.Take());
        Assert.True(upstream.IsEnded);
    }

    [Fact]
    public void A_reset_of_either_side_of_a_tunnel_reaches_the_other()
    {
        using var proxy = Proxy();
        foreach (var fromClient in (bool[])[true, false])
        {
            var client = proxy.Request("GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
            var upstream = proxy.Upstream.Next();
            upstream.Send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
            (fromClient ? client : upstream).Reset();
            Assert.True((fromClient ? upstream : client).IsReset);
        }
    }

    [Fact]
    public void A_refused_upgrade_is_an_ordinary_answer()
    {
        using var proxy = Proxy();
        var client = proxy.Request("GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
        var upstream = proxy.Upstream.Next();
        upstream.TakeHead();
        upstream.Send("HTTP/1.1 426 Upgrade Required\r\nContent-Length: 2\r\n\r\nno");
        client.TakeHead();
        Assert.Equal("no", client.Take());
        client.Send("GET /next HTTP/1.1\r\nHost: a\r\n\r\n");
        Assert.StartsWith("GET /next ", upstream.TakeHead());
        upstream.Send(Ok);
        client.TakeHead();
        Assert.Equal("ok", client.Take());
    }

    [Theory]
    [InlineData("h2c")]
    [InlineData("other-protocol")]
    public void An_upgrade_that_is_not_allowed_passes_as_a_plain_request(string protocol)
    {
        using var proxy = Proxy();
        var client = proxy.Request($"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: {protocol}\r\nHTTP2-Settings: AAMAAABk\r\n\r\n");
        var upstream = proxy.Upstream.Next();
        var request = upstream.TakeHead();
        Assert.DoesNotContain("Upgrade", request);
        Assert.DoesNotContain("HTTP2-Settings", request);
        Assert.DoesNotContain("Connection", request);
        upstream.Send(Ok);
        Assert.StartsWith("HTTP/1.1 200 OK\r\n", client.TakeHead());
    }

    [Fact]
    public void A_101_that_nobody_asked_for_is_a_bad_gateway()
    {
        using var proxy = Proxy();
        var client = proxy.Get();
        var upstream = proxy.Upstream.Next();
        upstream.Send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nfree bytes");
        Assert.StartsWith("HTTP/1.1 502 ", client.TakeHead());
        Assert.True(upstream.IsOver);
        Assert.DoesNotContain("free bytes", client.Take());
    }

    [Fact]
    public void A_CONNECT_that_ends_here_is_a_tunnel_to_the_cluster()
    {
        using var proxy = Proxy(forward => forward with { TerminateConnect = true }, http => http with
        {
            Routes = WithConnect(http.Routes),
        });
        var client = proxy.Request("CONNECT db:5432 HTTP/1.1\r\nHost: db:5432\r\n\r\nhello");
        var upstream = proxy.Upstream.Next();
        var head = client.TakeHead();
        Assert.StartsWith("HTTP/1.1 200 ", head);
        Assert.DoesNotContain("Content-Length", head);
        Assert.Equal("hello", upstream.Take());
        upstream.Send("welcome", end: true);
        Assert.Equal("welcome", client.Take());
        Assert.True(client.IsEnded);
        client.End();
        Assert.True(upstream.IsEnded);
        Assert.Equal((5, 7), (proxy.Record.BytesReceived, proxy.Record.BytesSent));
    }

    [Fact]
    public void A_CONNECT_is_sent_on_and_becomes_a_tunnel_when_it_is_granted()
    {
        using var proxy = Proxy(http: http => http with { Routes = WithConnect(http.Routes) });
        var client = proxy.Request("CONNECT db:5432 HTTP/1.1\r\nHost: db:5432\r\n\r\n");
        var upstream = proxy.Upstream.Next();
        Assert.StartsWith("CONNECT db:5432 HTTP/1.1\r\n", upstream.TakeHead());
        upstream.Send("HTTP/1.1 200 Fine\r\n\r\nwelcome");
        Assert.StartsWith("HTTP/1.1 200 Fine\r\n", client.TakeHead());
        Assert.Equal("welcome", client.Take());
        client.Send("hello", end: true);
        Assert.Equal("hello", upstream.Take());
        upstream.End();
        Assert.True(client.IsEnded);
    }

    [Fact]
    public void A_CONNECT_that_the_upstream_refuses_is_an_ordinary_answer()
    {
        using var proxy = Proxy(http: http => http with { Routes = WithConnect(http.Routes) });
        var client = proxy.Request("CONNECT db:5432 HTTP/1.1\r\nHost: db:5432\r\n\r\n");
        proxy.Upstream.Next().Send("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
        Assert.StartsWith("HTTP/1.1 403 ", client.TakeHead());
        Assert.Equal("no", client.Take());
    }

    [Fact]
    public void An_absolute_target_is_sent_on_as_path_and_host()
    {
        using var proxy = Proxy(http: http => http with { ForwardProxy = true });
        var client = proxy.Request("GET http://shop.example:81/a?b=c HTTP/1.1\r\nHost: other\r\n\r\n");
        var upstream = proxy.Upstream.Next();
        var request = upstream.TakeHead();
        Assert.StartsWith("GET /a?b=c HTTP/1.1\r\nHost: shop.example:81\r\n", request);
        upstream.Send(Ok);
        client.TakeHead();
    }

    [Fact]
    public void OPTIONS_of_the_server_as_a_whole_is_sent_on_as_such()
    {
        using var proxy = Proxy(http: http => http with { Routes = WithConnect(http.Routes) });
        var client = proxy.Request("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n");
        var upstream = proxy.Upstream.Next();
        Assert.StartsWith("OPTIONS * HTTP/1.1\r\n", upstream.TakeHead());
        upstream.Send(Ok);
        client.TakeHead();
    }

    [Fact]
    public void An_upstream_that_closes_before_anything_is_a_503_and_the_client_may_go_on()
    {
        using var proxy = Proxy();
        var client = proxy.Get();
        proxy.Upstream.Next().End();
        Assert.StartsWith("HTTP/1.1 503 ", client.TakeHead());
        client.Take();
        Assert.False(client.IsOver);
        client.Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        proxy.Upstream.Next().Send(Ok);
        Assert.StartsWith("HTTP/1.1 200 ", client.TakeHead());
    }

    [Theory]
    [InlineData("HTTP/1.1 200 O")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Le")]
    [InlineData("HTTP/1.1 100 Continue\r\n\r\n")]
    public void An_upstream_that_closes_within_a_head_is_a_503(string part)
    {
        using var proxy = Proxy();
        var client = proxy.Get();
        proxy.Upstream.Next().Send(part, end: true);
        var text = client.Take();
        Assert.Contains("HTTP/1.1 503 ", text);
        Assert.Equal("UC", Flags(proxy));
    }

    [Theory]
    [InlineData("Content-Length: 10\r\n\r\nabc")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n5\r\nabc")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n")]
    public void A_body_that_is_cut_short_is_cut_short_for_the_client(string part)
    {
        using var proxy = Proxy();
        var client = proxy.Get();
        proxy.Upstream.Next().Send("HTTP/1.1 200 OK\r\n" + part, end: true);
        Assert.True(client.IsReset);
        Assert.True(proxy.Record.Failure.IsFailure);
        Assert.Equal(200, proxy.Record.Status);
        Assert.Equal(0, proxy.Role.Live.Clusters["app"].On(proxy.Role.Loops[0]).Pool.IdleCount);
    }

    [Theory]
    [InlineData("SSH-2.0-OpenSSH_9.2\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nBad Field: x\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: abc\r\n\r\n")]
    public void What_is_not_HTTP_is_a_bad_gateway(string answer)
    {
        using var proxy = Proxy();
        var client = proxy.Get();
        var upstream = proxy.Upstream.Next();
        upstream.Send(answer);
        Assert.StartsWith("HTTP/1.1 502 ", client.TakeHead());
        Assert.True(upstream.IsOver);
        Assert.Equal("UPE", Flags(proxy));
    }

    [Fact]
    public void An_upstream_that_answers_twice_is_not_used_again()
    {
        using var proxy = Proxy();
        var client = proxy.Get();
        proxy.Upstream.Next().Send(Ok + "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison");
        client.TakeHead();
        Assert.Equal("ok", client.Take());
        client.Send("GET /next HTTP/1.1\r\nHost: a\r\n\r\n");
        proxy.Upstream.Next().Send(Ok);
        client.TakeHead();
        Assert.Equal("ok", client.Take());
    }

    [Fact]
    public void Bytes_on_an_idle_upstream_connection_never_answer_the_next_request()
    {
        using var proxy = Proxy();
        var client = proxy.Get();
        var first = proxy.Upstream.Next();
        first.Send(Ok);
        client.TakeHead();
        client.Take();
        first.Send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison");
        client.Send("GET /next HTTP/1.1\r\nHost: a\r\n\r\n");
        proxy.Upstream.Next().Send(Ok);
        client.TakeHead();
        Assert.Equal("ok", client.Take());
        Assert.True(first.IsOver);
    }

    [Fact]
    public void An_early_answer_to_a_client_that_goes_on_sending_is_received_whole()
    {
        using var proxy = Proxy();
        var client = proxy.Request("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
        var upstream = proxy.Upstream.Next();
        upstream.Send("HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig");
        client.TakeHead();
        Assert.Equal("big", client.Take());
        client.Send("defghij");
        proxy.AdvanceSeconds(2);
        Assert.False(client.IsReset);
        Assert.True(client.IsEnded);
        Assert.Equal(413, proxy.Record.Status);
    }

    [Fact]
    public void An_early_answer_whose_request_is_completed_meanwhile_keeps_both_connections()
    {
        using var proxy = Proxy();
        var client = proxy.Request("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc");
        var upstream = proxy.Upstream.Next();
        upstream.Send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nok");
        client.Send("def");
        upstream.Send("ok");
        client.TakeHead();
        Assert.Equal("okok", client.Take());
        Assert.EndsWith("abcdef", upstream.Take());
        client.Send("GET /next HTTP/1.1\r\nHost: a\r\n\r\n");
        Assert.StartsWith("GET /next ", upstream.Take());
        upstream.Send(Ok);
        client.TakeHead();
    }

    [Fact]
    public void An_upstream_that_answers_early_and_closes_is_heard()
    {
        using var proxy = Proxy();
        var client = proxy.Request("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
        proxy.Upstream.Next().Send("HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig", end: true);
        Assert.StartsWith("HTTP/1.1 413 ", client.TakeHead());
        Assert.Equal("big", client.Take());
        Assert.True(client.IsEnded);
        Assert.False(proxy.Record.Failure.IsFailure);
    }

    [Fact]
    public void Large_heads_pass_in_both_directions()
    {
        using var proxy = Proxy();
        var value = new string('v', 20_000);
        var client = proxy.Request($"GET / HTTP/1.1\r\nHost: a\r\nX-One: {value}\r\nX-Two: {value}\r\n\r\n");
        var upstream = proxy.Upstream.Next();
        Assert.Contains($"X-One: {value}\r\nX-Two: {value}\r\n", upstream.TakeHead());
        upstream.Send($"HTTP/1.1 200 OK\r\nX-One: {value}\r\nX-Two: {value}\r\nContent-Length: 2\r\n\r\nok");
        Assert.Contains($"X-One: {value}\r\nX-Two: {value}\r\n", client.TakeHead());
        Assert.Equal("ok", client.Take());
    }

    [Fact]
    public void A_head_that_is_too_large_is_refused_on_either_side()
    {
        using var proxy = Proxy();
        var value = new string('v', 61 * 1024);
        var client = proxy.Request($"GET / HTTP/1.1\r\nHost: a\r\nX: {value}\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 431 ", client.TakeHead());
        client = proxy.Get();
        proxy.Upstream.Next().Send($"HTTP/1.1 200 OK\r\nX: {value}\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 502 ", client.TakeHead());
    }

    [Fact]
    public void An_upgrade_that_is_granted_before_its_request_ended_is_a_bad_gateway()
    {
        using var proxy = Proxy();
        var client = proxy.Request("POST / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 10\r\n\r\nabc");
        var upstream = proxy.Upstream.Next();
        upstream.Send("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 502 ", client.TakeHead());
        Assert.True(upstream.IsReset);
    }

    [Fact]
    public void A_broken_chunk_of_the_request_is_the_clients_fault()
    {
        using var proxy = Proxy();
        var client = proxy.Request("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n");
        var upstream = proxy.Upstream.Next();
        Assert.StartsWith("HTTP/1.1 400 ", client.TakeHead());
        Assert.True(upstream.IsReset);
        Assert.Equal("DPE", Flags(proxy));
        Assert.Equal(Pillion.Core.Resilience.FailureSide.Downstream, proxy.Record.Failure.Side);
    }

    [Fact]
    public void A_client_that_ends_within_its_body_has_left()
    {
        using var proxy = Proxy();
        var client = proxy.Connect().Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc", end: true);
        Assert.All(proxy.Upstream.Connections, upstream => Assert.True(upstream.IsOver));
        Assert.Equal("DC", Flags(proxy));
        Assert.Equal(0, proxy.Record.Status);
        Assert.True(client.IsOver);
    }

    [Fact]
    public void A_request_with_the_end_right_behind_it_is_served()
    {
        using var proxy = Proxy();
        var client = proxy.Connect().Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n", end: true);
        proxy.Upstream.Next().Send(Ok);
        client.TakeHead();
        Assert.Equal("ok", client.Take());
        Assert.Equal(200, proxy.Record.Status);
    }

    [Fact]
    public void Fields_keep_their_order_and_case_and_only_hop_by_hop_ones_go()
    {
        using var proxy = Proxy(http: http => http with { Via = null, TraceContext = false, GenerateRequestId = false, UseRemoteAddress = false });
        var client = proxy.Request("GET / HTTP/1.1\r\nhOsT: a\r\nX-b: 1\r\nConnection: X-Secret, keep-alive\r\nKeep-Alive: timeout=5\r\nx-SECRET: s\r\nA-c:  2 \r\nProxy-Connection: close\r\nTE: trailers, gzip\r\nX-b: 3\r\n\r\n");
        var upstream = proxy.Upstream.Next();
        Assert.Equal("GET / HTTP/1.1\r\nhOsT: a\r\nX-b: 1\r\nA-c: 2\r\nTE: trailers\r\nX-b: 3\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: a\r\nConnection: TE\r\n\r\n".ToLowerInvariant(), upstream.TakeHead().ToLowerInvariant());
        upstream.Send("HTTP/1.1 200 Fine by me\r\nsErVer: x\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\nB: 2\r\nA: 1\r\nContent-Length: 0\r\n\r\n");
        Assert.Equal("HTTP/1.1 200 Fine by me\r\nsErVer: x\r\nB: 2\r\nA: 1\r\nContent-Length: 0\r\n\r\n", client.TakeHead());
    }

    private static RouteTableConfig WithConnect(RouteTableConfig routes)
    {
        var host = routes.VirtualHosts[0];
        var any = host.Routes[0];
        var connect = any with { Name = "connect", Match = new() { Path = new(PathMatchKind.Connect, "") } };
        var star = any with { Name = "star", Match = new() { Path = new(PathMatchKind.Prefix, "") } };
        return routes with { VirtualHosts = [host with { Routes = [connect, any, star] }] };
    }

    private static string Flags(ProxyFixture proxy) => proxy.Record.Flags.ToString();

    private static (string Data, string Trailers) Unchunk(string text)
    {
        var data = "";
        while (true)
        {
            var line = text.IndexOf("\r\n", StringComparison.Ordinal);
            Assert.True(line > 0, $"no chunk in '{text}'");
            var size = Convert.ToInt32(text[..line], 16);
            text = text[(line + 2)..];
            if (size == 0)
            {
                Assert.EndsWith("\r\n", text);
                return (data, text[..^2]);
            }

            data += text[..size];
            Assert.Equal("\r\n", text.Substring(size, 2));
            text = text[(size + 2)..];
        }
    }
}

public sealed class WholePacketExchangeTests() : ExchangeTests(0);

public sealed class OneByteExchangeTests() : ExchangeTests(1);

public sealed class TwoByteExchangeTests() : ExchangeTests(2);

public sealed class ThreeByteExchangeTests() : ExchangeTests(3);

public sealed class SevenByteExchangeTests() : ExchangeTests(7);

public sealed class FiftyByteExchangeTests() : ExchangeTests(50);
