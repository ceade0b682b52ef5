using Pillion.Net.Http.Http2;
using Pillion.Proxy.Configuration;
using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Proxy.Listeners;

/// <summary>Clients that speak HTTP/2 to the proxy.</summary>
public sealed class Http2DownstreamTests
{
    private const string Ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_request_is_forwarded_in_either_version(int upstream)
    {
        using var proxy = Fixture(upstream);
        Serve(proxy);
        var client = proxy.ConnectHttp2();
        var asked = client.Ask("POST", "/x", "hello");
        Assert.Equal((200, "ok", true), (asked.Status, asked.Body, asked.IsComplete));
        var head = upstream == 1 ? proxy.Upstream.Requests[0] : proxy.Upstream.Http2[0].Calls[0].Head;
        Assert.Contains("via: 2.0 pillion", head, StringComparison.OrdinalIgnoreCase);
        Assert.Equal((1, 1, 1), (proxy.HttpMetrics.RequestsHttp2, proxy.HttpMetrics.ConnectionsHttp2, proxy.HttpMetrics.ConnectionsActive));
    }

    [Fact]
    public void Both_versions_are_served_on_one_port()
    {
        using var proxy = Fixture();
        Serve(proxy);
        Assert.Equal(200, proxy.ConnectHttp2().Ask().Status);
        Assert.StartsWith("HTTP/1.1 200 ", proxy.Get().TakeHead());
        Assert.Equal((1, 1), (proxy.HttpMetrics.RequestsHttp2, proxy.HttpMetrics.RequestsHttp1));
    }

    [Fact]
    public void A_scheme_that_the_client_claims_is_not_believed()
    {
        using var proxy = Fixture();
        Serve(proxy);
        proxy.Request("GET https://a/ HTTP/1.1\r\nHost: a\r\n\r\n").TakeHead();
        Assert.Contains("X-Forwarded-Proto: http\r\n", proxy.Upstream.Requests[0], StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void A_drain_lets_streams_finish_and_closes()
    {
        using var proxy = Fixture();
        var (idle, busy) = (proxy.ConnectHttp2(), proxy.ConnectHttp2());
        var asked = busy.Ask();
        proxy.Role.BeginDrain();
        proxy.AdvanceSeconds(1.5);
        Assert.True(idle.IsClosed);
        Assert.True(busy.IsGoingAway);
        Assert.False(busy.IsClosed);
        Assert.Equal(1, proxy.Role.Live.Listeners[0].Bound.Connections);
        proxy.Upstream.Next().Send(Ok);
        Assert.Equal((200, "ok"), (asked.Status, asked.Body));
        proxy.AdvanceSeconds(1.5);
        Assert.True(busy.IsClosed);
        Assert.Equal((0, 2), (proxy.Role.Live.Listeners[0].Bound.Connections, proxy.HttpMetrics.ConnectionsDrainClose));
    }

    [Fact]
    public void The_end_of_the_grace_period_cuts_streams_off_and_leaves_nothing_behind()
    {
        using var proxy = Fixture();
        var client = proxy.ConnectHttp2();
        var waiting = client.Ask();
        var streaming = client.Ask();
        var (first, second) = (proxy.Upstream.Next(), proxy.Upstream.Next());
        second.Send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbegin");
        proxy.Stop();
        Assert.True(waiting.IsFailed);
        Assert.True(streaming.IsFailed);
        Assert.True(first.IsOver);
        Assert.True(second.IsOver);
        Assert.Equal(0, proxy.HttpMetrics.RequestsActive);
        Assert.Equal(2, proxy.HttpMetrics.RequestsTotal);
    }

    [Fact]
    public void Connections_of_a_chain_that_a_reload_removes_are_drained()
    {
        using var proxy = Fixture();
        Serve(proxy);
        var idle = proxy.ConnectHttp2();
        var idle1 = proxy.Get();
        idle1.TakeHead();
        var kept = ProxyFixture.Make();
        proxy.Reload(kept with { Clusters = [kept.Clusters[0] with { ConnectTimeout = TimeSpan.FromSeconds(1) }] });
        Assert.False(idle.IsGoingAway);
        proxy.Reload(ProxyFixture.Make(listener: listener => listener with { Chains = [listener.Chains[0] with { Name = "other" }] }));
        proxy.AdvanceSeconds(1.5);
        Assert.True(idle.IsClosed);
        Assert.True(idle1.IsEnded);
        Assert.StartsWith("HTTP/1.1 200 ", proxy.Get().TakeHead());
    }

    [Fact]
    public void A_connection_carries_no_more_requests_than_the_listener_allows()
    {
        using var proxy = Fixture(http: http => http with { MaxRequestsPerConnection = 2 });
        Serve(proxy);
        var client = proxy.ConnectHttp2();
        Assert.Equal(200, client.Ask().Status);
        Assert.False(client.IsGoingAway);
        Assert.Equal(200, client.Ask().Status);
        proxy.AdvanceSeconds(1.5);
        Assert.True(client.IsClosed);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_client_that_cancels_cancels_at_the_upstream(int upstream)
    {
        using var proxy = Fixture(upstream);
        if (upstream == 2)
        {
            proxy.Upstream.SpeakHttp2();
        }

        var client = proxy.ConnectHttp2();
        var asked = client.Ask();
        asked.Cancel();
        if (upstream == 2)
        {
            Assert.Equal(Http2Error.Cancel, proxy.Upstream.Http2[0].Next().Reset);
        }
        else
        {
            Assert.True(proxy.Upstream.Next().IsOver);
        }

        Assert.Equal(0, proxy.HttpMetrics.RequestsActive);
        Assert.False(client.IsClosed);
    }

    [Fact]
    public void The_code_that_the_upstream_resets_with_is_passed_on()
    {
        using var proxy = Fixture(2);
        proxy.Upstream.SpeakHttp2();
        var asked = proxy.ConnectHttp2().Ask();
        var call = proxy.Upstream.Http2[0].Next();
        call.Begin();
        call.Send("begin");
        call.Abort(Http2Error.EnhanceYourCalm);
        Assert.Equal((200, "begin", true, Http2Error.EnhanceYourCalm), (asked.Status, asked.Body, asked.IsFailed, asked.Reset));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void An_answer_before_the_end_of_the_request_is_passed_on_and_the_rest_is_declined(int upstream)
    {
        using var proxy = Fixture(upstream);
        if (upstream == 2)
        {
            proxy.Upstream.SpeakHttp2();
        }

        var client = proxy.ConnectHttp2();
        var asked = client.Ask("POST", ends: false);
        asked.Send("part");
        if (upstream == 2)
        {
            proxy.Upstream.Http2[0].Next().Answer(413, "no");
        }
        else
        {
            proxy.Upstream.Next().Send("HTTP/1.1 413 No\r\nContent-Length: 2\r\n\r\nno");
        }

        proxy.Drive();
        Assert.Equal((413, "no", true, Http2Error.NoError), (asked.Status, asked.Body, asked.IsComplete, asked.Reset));
        Assert.False(client.IsClosed);
        Assert.Equal(0, proxy.HttpMetrics.RequestsActive);
    }

    [Fact]
    public void Trailers_pass_both_ways_between_the_versions()
    {
        using var proxy = Fixture();
        var asked = proxy.ConnectHttp2().Ask("POST", body: "hello", trailers: "x-sum: 5\n", fields: ("te", "trailers"));
        var raw = proxy.Upstream.Next();
        Assert.EndsWith("5\r\nhello\r\n0\r\nx-sum: 5\r\n\r\n", raw.Received, StringComparison.OrdinalIgnoreCase);
        raw.Send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: x-end\r\n\r\n2\r\nok\r\n0\r\nx-end: 1\r\n\r\n");
        Assert.Equal(("ok", "x-end: 1\n"), (asked.Body, asked.Trailers.ToLowerInvariant()));
    }

    [Fact]
    public void Trailers_pass_both_ways_over_HTTP2()
    {
        using var proxy = Fixture(2);
        proxy.Upstream.SpeakHttp2();
        var asked = proxy.ConnectHttp2().Ask("POST", body: "hello", trailers: "x-sum: 5\n");
        var call = proxy.Upstream.Http2[0].Next().Read();
        Assert.Equal(("hello", "x-sum: 5\n"), (call.Body, call.Trailers));
        call.Answer(trailers: "x-end: 1\n");
        Assert.Equal(("ok", "x-end: 1\n"), (asked.Body, asked.Trailers));
    }

    [Fact]
    public void Informational_answers_are_passed_on()
    {
        using var proxy = Fixture(2);
        proxy.Upstream.SpeakHttp2();
        var asked = proxy.ConnectHttp2().Ask();
        var call = proxy.Upstream.Http2[0].Next();
        call.Interim(103);
        Assert.Equal([103], asked.Interims);
        call.Answer();
        Assert.Equal(200, asked.Status);
    }

    [Theory]
    [InlineData("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n", 200)]
    [InlineData("GET", "HTTP/1.1 204 No Content\r\n\r\n", 204)]
    [InlineData("GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 20\r\n\r\n", 304)]
    public void Answers_without_a_body_end_with_their_head(string method, string answer, int status)
    {
        using var proxy = Fixture();
        proxy.Upstream.Answer = _ => answer;
        var client = proxy.ConnectHttp2();
        var asked = client.Ask(method);
        Assert.Equal((status, "", true, null), (asked.Status, asked.Body, asked.IsComplete, asked.Reset));
        Assert.Equal(status, client.Ask(method).Status);
        Assert.Single(proxy.Upstream.Connections);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_WebSocket_of_an_HTTP2_client_reaches_either_upstream(int upstream)
    {
        using var proxy = Fixture(upstream, http => http with { Upgrades = ["websocket"] });
        if (upstream == 2)
        {
            proxy.Upstream.SpeakHttp2();
        }

        var client = proxy.ConnectHttp2();
        var asked = client.Ask(upgrade: "websocket", ends: false);
        if (upstream == 2)
        {
            var call = proxy.Upstream.Http2[0].Next();
            Assert.True(call.WantsUpgrade);
            call.Begin(101);
            call.Tunnel();
            Assert.Equal(101, asked.Status);
            asked.Tunnel();
            call.Read();
            asked.Send("ping");
            Assert.Equal("ping", call.Body);
            call.Send("pong");
            Assert.Equal("pong", asked.Body);
            call.End(complete: false);
            asked.End();
            Assert.True(call.IsComplete);
            call.Complete();
        }
        else
        {
            var raw = proxy.Upstream.Next();
            var head = raw.TakeHead();
            var key = head.Split("sec-websocket-key: ", StringSplitOptions.None)[1].Split("\r\n")[0];
            var accept = Convert.ToBase64String(System.Security.Cryptography.SHA1.HashData(System.Text.Encoding.ASCII.GetBytes(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")));
            raw.Send($"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: {accept}\r\n\r\n");
            Assert.Equal(101, asked.Status);
            asked.Tunnel();
            asked.Send("ping");
            Assert.Equal("ping", raw.Take());
            raw.Send("pong");
            Assert.Equal("pong", asked.Body);
            raw.End();
            asked.End();
        }

        Assert.True(asked.IsComplete);
        Assert.Equal((0, 0), (proxy.HttpMetrics.UpgradesActive, proxy.HttpMetrics.RequestsActive));
    }

    private static ProxyFixture Fixture(int upstream = 1, Func<HttpConfig, HttpConfig>? http = null) =>
        new(http: http, cluster: app => app with { Protocol = upstream == 2 ? HttpProtocol.Http2 : HttpProtocol.Http1 });

    private static void Serve(ProxyFixture proxy)
    {
        proxy.Upstream.Answer = _ => Ok;
        if (proxy.Config.Clusters[0].Protocol == HttpProtocol.Http2)
        {
            proxy.Upstream.SpeakHttp2(answer: call => call.Read().AnswerAsync());
        }
    }
}
