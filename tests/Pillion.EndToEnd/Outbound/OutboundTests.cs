using Pillion.EndToEnd.Support;
using Xunit;

namespace Pillion.EndToEnd.Outbound;

/// <summary>The three ways to call another service through the sidecar, each with curl as people would use it.</summary>
public sealed class OutboundTests(Neighbourhood here) : IClassFixture<Neighbourhood>
{
    private string Url => $"http://127.0.0.1:{here.Outbound}";

    [Theory]
    [InlineData("payments")]
    [InlineData("payments:8080")]
    [InlineData("payments.internal")]
    [InlineData("PAYMENTS.internal:9")]
    [InlineData("eu.pay.example")]
    public async Task A_service_is_reached_by_Host(string host) =>
        Assert.Equal((200, "payments GET /charge?a=1"), await Curl.GetAsync("-H", $"Host: {host}", $"{Url}/charge?a=1"));

    [Theory]
    [InlineData("/proxy/payments/charge?a=1", "payments GET /charge?a=1")]
    [InlineData("/proxy/payments", "payments GET /")]
    [InlineData("/proxy/cache/key/1", "cache GET /key/1")]
    public async Task A_service_is_reached_by_its_path(string path, string answer) =>
        Assert.Equal((200, answer), await Curl.GetAsync(Url + path));

    [Theory]
    [InlineData("http://payments/charge", "payments GET /charge")]
    [InlineData("http://payments:8080/charge", "payments GET /charge")]
    [InlineData("http://payments.internal/charge?a=1", "payments GET /charge?a=1")]
    public async Task The_outbound_listener_is_an_HTTP_proxy_for_absolute_URLs(string target, string answer) =>
        Assert.Equal((200, answer), await Curl.GetAsync("-x", Url, target));

    [Fact]
    public async Task The_outbound_listener_tunnels_for_CONNECT() =>
        Assert.Equal((200, "payments GET /charge"), await Curl.GetAsync("-p", "-x", Url, "http://payments/charge"));

    [Fact]
    public async Task HTTP_PROXY_in_the_environment_is_enough()
    {
        var result = await Running.ToEndAsync(Peers.Need("curl"), ["-sS", "--max-time", "20", "http://payments/charge"], environment: new Dictionary<string, string> { ["http_proxy"] = Url });
        Assert.Equal("payments GET /charge", result.Out);
    }

    [Fact]
    public async Task NETs_client_uses_it_as_its_proxy()
    {
        using var client = Http.Through(here.Outbound);
        Assert.Equal("payments GET /a", await client.GetStringAsync("http://payments/a"));
        Assert.Equal("orders GET /b", await client.GetStringAsync($"http://127.0.0.1:{here.App.Port}/b"));
    }

    [Fact]
    public async Task A_host_that_no_service_covers_is_reached_by_its_name()
    {
        Assert.Equal((200, "orders GET /x"), await Curl.GetAsync("-x", Url, $"http://localhost:{here.App.Port}/x"));
        Assert.Equal((200, "orders GET /x"), await Curl.GetAsync("-p", "-x", Url, $"http://127.0.0.1:{here.App.Port}/x"));
        var (status, body) = await Curl.GetAsync("-x", Url, "http://no-such-name.invalid/");
        Assert.Equal(503, status);
        Assert.Contains("no-such-name.invalid", body);
    }

    [Fact]
    public async Task Unknown_hosts_are_refused_where_the_file_says_so()
    {
        var port = Ports.Next();
        await using var sidecar = await Sidecar.StartAsync($$"""
            inbound: off
            outbound: { address: "127.0.0.1:{{port}}", unknown_hosts: refuse, services: { payments: { endpoints: ["127.0.0.1:{{here.Payments.Port}}"] } } }
            """);
        var proxy = $"http://127.0.0.1:{port}";
        Assert.Equal((200, "payments GET /a"), await Curl.GetAsync("-x", proxy, "http://payments/a"));
        Assert.Equal(403, (await Curl.GetAsync("-x", proxy, $"http://localhost:{here.App.Port}/x")).Status);

        // A refused tunnel: curl's own exit code for a proxy that answers CONNECT with another status.
        var tunnel = await Curl.RunAsync("-p", "-x", proxy, $"http://localhost:{here.App.Port}/x");
        Assert.Equal(56, tunnel.Code);
        Assert.Contains("403", tunnel.Error);
    }

    [Fact]
    public async Task A_loop_is_ended_with_508()
    {
        Assert.Equal(508, (await Curl.GetAsync("-H", "Host: itself", $"{Url}/a")).Status);
        Assert.Equal(508, (await Curl.GetAsync("-x", Url, $"http://127.0.0.1:{here.Outbound}/a")).Status);
    }

    [Fact]
    public async Task What_the_application_gets_names_the_caller_and_keeps_the_trace()
    {
        var (_, head) = await Curl.GetAsync(
            "-H", "X-Request-Id: my-id", "-H", "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "-H", "MiXeD-Case: kept",
            "-H", "Connection: X-Secret", "-H", "X-Secret: hop", $"http://127.0.0.1:{here.Inbound}/head");
        Assert.Contains("X-Request-Id: my-id", head);
        Assert.Contains("0af7651916cd43dd8448eb211c80319c", head);
        Assert.Contains("MiXeD-Case: kept", head);
        Assert.Contains("127.0.0.1", head.Split("\r\n").Single(line => line.StartsWith("X-Forwarded-For:", StringComparison.OrdinalIgnoreCase)));
        Assert.Contains("X-Forwarded-Proto: http", head, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("Via:", head, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("X-Secret", head);
    }

    [Fact]
    public async Task A_service_that_does_not_answer_in_time_is_a_504_and_a_dead_one_a_503_with_the_reason()
    {
        var slow = await Curl.GetAsync("-i", "-H", "Host: slow", $"{Url}/never");
        Assert.Equal(504, slow.Status);
        Assert.Contains("Proxy-Status: pillion; error=", slow.Body, StringComparison.OrdinalIgnoreCase);

        var nobody = await Curl.GetAsync("-i", "-H", "Host: nobody", $"{Url}/");
        Assert.Equal(503, nobody.Status);
        Assert.Contains("connection_refused", nobody.Body);
        Assert.Contains("refused", nobody.Body.Split("\r\n\r\n")[1]);
    }
}
