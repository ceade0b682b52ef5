using System.Text;
using Pillion.Core.Configuration;
using Pillion.Core.Signals;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Filters.Affinity;
using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Proxy.Filters;

/// <summary>Sessions that stay with the endpoint that began them.</summary>
public sealed class AffinityFilterTests
{
    [Fact]
    public void The_first_answer_says_who_gave_it_and_the_next_request_goes_there()
    {
        using var proxy = With(new() { Name = "session", Ttl = TimeSpan.FromHours(1), Path = "/" });
        for (var i = 0; i < 6; i++)
        {
            var first = Ask(proxy, "x: 1");
            var home = first[^4..];
            Assert.Contains($"Set-Cookie: session=\"{Text($"127.0.0.1:{home}")}\"; Max-Age=3600; Path=/; HttpOnly\r\n", first);
            Assert.Equal("begun", proxy.Record.Verdicts[0].Outcome);
            for (var again = 0; again < 4; again++)
            {
                var answer = Ask(proxy, $"Cookie: session=\"{Text($"127.0.0.1:{home}")}\"");
                Assert.Equal(home, answer[^4..]);
                Assert.DoesNotContain("Set-Cookie", answer, StringComparison.Ordinal);
                Assert.Equal("kept", proxy.Record.Verdicts[0].Outcome);
            }
        }
    }

    [Fact]
    public void A_session_whose_endpoint_fails_moves_and_the_client_hears_of_it()
    {
        using var proxy = With(new() { Name = "session" });
        Fail(proxy, 8081);
        var answer = Ask(proxy, $"Cookie: session={Text("127.0.0.1:8081")}");
        Assert.NotEqual("8081", answer[^4..]);
        Assert.Contains($"Set-Cookie: session=\"{Text($"127.0.0.1:{answer[^4..]}")}\"; HttpOnly\r\n", answer);
        Assert.Equal("moved", proxy.Record.Verdicts[0].Outcome);
    }

    [Fact]
    public void A_session_whose_endpoint_cannot_be_connected_to_moves_with_the_retry()
    {
        using var proxy = With(new() { Name = "session" }, new RetryConfig { On = RetryOn.ConnectFailure, Retries = 2 });
        proxy.StopListening(proxy.Upstream);
        var client = proxy.Request($"GET / HTTP/1.1\r\nHost: a\r\nCookie: session={Text("127.0.0.1:8080")}\r\n\r\n");
        proxy.AdvanceSeconds(1);
        Assert.StartsWith("HTTP/1.1 200 ", client.Received);
        Assert.Contains("Set-Cookie: session=", client.Received, StringComparison.Ordinal);
        Assert.Equal("127.0.0.1:8080", proxy.Record.Attempts[0].Endpoint);
    }

    [Fact]
    public void A_strict_session_is_refused_when_its_endpoint_cannot_be_used_and_the_answer_says_why()
    {
        using var proxy = With(new() { Name = "session", IsStrict = true });
        Fail(proxy, 8081);
        var client = proxy.Request($"GET / HTTP/1.1\r\nHost: a\r\nCookie: session={Text("127.0.0.1:8081")}\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 503 ", client.Received);
        Assert.Contains("the session is with 127.0.0.1:8081, which may not be used now, and its affinity is strict", client.Received);
        Assert.DoesNotContain("Set-Cookie", client.Received, StringComparison.Ordinal);
        Assert.Equal(ResponseFlags.UH, proxy.Record.Flags);
        Assert.Equal("refused", proxy.Record.Verdicts[0].Outcome);

        client = proxy.Request($"GET / HTTP/1.1\r\nHost: a\r\nCookie: session={Text("10.9.9.9:1")}\r\n\r\n");
        Assert.Contains("an endpoint that is gone", client.Received);
        Assert.EndsWith("8082", Ask(proxy, $"Cookie: session={Text("127.0.0.1:8082")}"));
    }

    [Fact]
    public void A_grpc_call_of_a_strict_session_gets_a_grpc_status()
    {
        using var proxy = With(new() { Name = "x-session", ByHeader = true, IsStrict = true });
        var asked = proxy.ConnectHttp2().Ask("POST", "/s/m", body: "", fields: [("content-type", "application/grpc"), ("x-session", Text("10.9.9.9:1"))]);
        proxy.Drive();
        Assert.Contains("grpc-status: 14", asked.Fields);
        Assert.Contains("affinity is strict", asked.Fields);
    }

    [Fact]
    public void A_header_may_tell_the_endpoint_instead_of_a_cookie()
    {
        using var proxy = With(new() { Name = "x-session", ByHeader = true });
        var first = Ask(proxy, "x: 1");
        var home = first[^4..];
        Assert.Contains($"x-session: {Text($"127.0.0.1:{home}")}\r\n", first);
        for (var i = 0; i < 4; i++)
        {
            Assert.EndsWith(home, Ask(proxy, $"X-Session: {Text($"127.0.0.1:{home}")}"));
        }
    }

    [Theory]
    [InlineData("Cookie: session=%%%")]
    [InlineData("Cookie: session=")]
    [InlineData("Cookie: session=\"\"")]
    [InlineData("Cookie: session=AAAA")]
    [InlineData("Cookie: session=MTI3LjAuMC4xOjgwODE")]
    [InlineData("Cookie: session")]
    public void A_session_that_makes_no_sense_begins_anew(string header)
    {
        using var proxy = With(new() { Name = "session" });
        Assert.Contains("Set-Cookie: session=", Ask(proxy, header), StringComparison.Ordinal);
    }

    [Fact]
    public void A_session_as_long_as_a_head_may_be_does_no_harm()
    {
        using var proxy = With(new() { Name = "session" });
        Assert.Contains("Set-Cookie: session=", Ask(proxy, $"Cookie: session={new string('A', 4000)}"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_cookie_of_a_path_is_for_requests_below_it()
    {
        using var proxy = With(new() { Name = "session", Path = "/shop" });
        Assert.DoesNotContain("Set-Cookie", Ask(proxy, "x: 1", "/shopping"), StringComparison.Ordinal);
        Assert.Contains("Path=/shop;", Ask(proxy, "x: 1", "/shop/cart"));
        Assert.Contains("Path=/shop;", Ask(proxy, "x: 1", "/shop"));
        Assert.Contains("Path=/shop;", Ask(proxy, "x: 1", "/shop?a=b"));
    }

    [Fact]
    public void An_answer_of_pillion_s_own_begins_no_session()
    {
        using var proxy = With(new() { Name = "session" });
        proxy.Upstream.Answer = _ => "nonsense\r\n\r\n#end";
        Fail(proxy, 8081);
        Fail(proxy, 8082);
        var client = proxy.Request($"GET / HTTP/1.1\r\nHost: a\r\nCookie: session={Text("127.0.0.1:8080")}\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 502 ", client.Received);
        Assert.DoesNotContain("Set-Cookie", client.Received, StringComparison.Ordinal);
    }

    private static string Text(string address) => Convert.ToBase64String(Encoding.ASCII.GetBytes(address));

    private static void Fail(ProxyFixture proxy, int port)
    {
        var endpoints = proxy.Role.Live.Clusters["app"].Endpoints;
        endpoints.All.AsSpan().ToArray().Single(endpoint => endpoint.Text == $"127.0.0.1:{port}").IsUnhealthy = true;
        endpoints.HealthChanged();
    }

    private static ProxyFixture With(AffinityConfig config, RetryConfig? retry = null)
    {
        var proxy = new ProxyFixture(
            route: route => route with { Filters = [config with { Source = new SourceLine("p.yaml", 7, 3, "inbound.affinity") }] },
            cluster: app => app with { Endpoints = new([.. Enumerable.Range(8080, 3).Select(ProxyFixture.Endpoint)]) },
            retry: retry);
        foreach (var port in Enumerable.Range(8080, 3))
        {
            var upstream = port == 8080 ? proxy.Upstream : proxy.Listen(port);
            upstream.Answer = _ => $"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n{port}";
        }

        return proxy;
    }

    private static string Ask(ProxyFixture proxy, string header, string path = "/")
    {
        var client = proxy.Request($"GET {path} HTTP/1.1\r\nHost: a\r\n{header}\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 200 ", client.Received);
        client.Close();
        return client.Received;
    }
}
