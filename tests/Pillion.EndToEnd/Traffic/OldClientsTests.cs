using Pillion.EndToEnd.Support;
using Xunit;

namespace Pillion.EndToEnd.Traffic;

/// <summary>HTTP/1.0, Expect, h2c and what else real clients do by themselves.</summary>
public sealed class OldClientsTests(Neighbourhood here) : IClassFixture<Neighbourhood>
{
    private string Url => $"http://127.0.0.1:{here.Inbound}";

    [Fact]
    public async Task Curl_speaks_HTTP10_and_keeps_the_connection_when_it_asks()
    {
        Assert.Equal((200, "orders GET /a"), await Curl.GetAsync("--http1.0", $"{Url}/a"));
        Assert.Equal((200, "orders GET /a"), await Curl.GetAsync("--http1.0", "-H", "Connection: keep-alive", $"{Url}/a"));

        // A chunked answer has no form in HTTP/1.0: it ends with the connection.
        var chunks = await Curl.RunAsync("--http1.0", "-o", "/dev/null", "-w", "%{http_code} %{size_download}", $"{Url}/chunks/300000");
        Assert.Equal("200 300000", chunks.Out);
    }

    [Fact]
    public async Task Ab_with_keep_alive_sees_no_failure()
    {
        var ab = Peers.Need("ab");
        var result = await Running.ToEndAsync(ab, ["-q", "-k", "-c", "8", "-n", "2000", $"{Url}/ab"]);
        Assert.True(result.Code == 0, result.ToString());
        Assert.Matches("Complete requests: +2000", result.Out);
        Assert.Matches("Failed requests: +0", result.Out);
        Assert.Matches("Keep-Alive requests: +2000", result.Out);
        Assert.DoesNotContain("Non-2xx", result.Out);
    }

    [Fact]
    public async Task Curl_waits_for_100_continue_and_gets_it()
    {
        var result = await Curl.RunAsync("-v", "--expect100-timeout", "20", "-H", "Expect: 100-continue", "-d", new string('x', 2000), $"{Url}/count");
        Assert.Equal("2000", result.Out);
        Assert.Contains("< HTTP/1.1 100 Continue", result.Error);
    }

    [Fact]
    public async Task An_application_that_refuses_is_heard_before_the_body_is_sent()
    {
        here.App.Handler = async request =>
        {
            if (request.Path != "/refuse")
            {
                return false;
            }

            await request.AnswerAsync("too big", 413, "Connection: close\r\n");
            request.Connection.IsTaken = true;
            return true;
        };
        var result = await Curl.RunAsync("-v", "--expect100-timeout", "20", "-H", "Expect: 100-continue", "-d", new string('x', 2000), $"{Url}/refuse");
        Assert.Equal("too big", result.Out);
        Assert.DoesNotContain("100 Continue", result.Error);
    }

    [Fact]
    public async Task An_answer_that_comes_before_the_body_is_through_reaches_the_client()
    {
        await using var app = TestApp.Start();
        app.Handler = async request =>
        {
            await request.AnswerAsync("enough", 413, "Connection: close\r\n");

            // As servers do it: what was sent meanwhile is read, or the answer would be lost in a reset.
            request.Connection.Socket.Shutdown(System.Net.Sockets.SocketShutdown.Send);
            request.Connection.IsTaken = true;
            while (!(await request.Connection.SomeAsync()).IsEmpty)
            {
            }

            return true;
        };
        var port = Ports.Next();
        await using var sidecar = await Sidecar.StartAsync($$"""
            app: 127.0.0.1:{{app.Port}}
            inbound: { address: "127.0.0.1:{{port}}" }
            outbound: off
            """);
        using var file = new TempDirectory();
        using (var stream = File.Create(file["body"]))
        {
            stream.SetLength(50_000_000);
        }

        Assert.Equal((413, "enough"), await Curl.GetAsync("-H", "Expect:", "-T", file["body"], $"http://127.0.0.1:{port}/upload"));
    }

    [Fact]
    public async Task A_client_that_closes_its_half_behind_the_request_gets_its_answer()
    {
        using var client = await RawClient.ConnectAsync(here.Inbound);
        await client.SendAsync("GET /half-closed HTTP/1.1\r\nHost: a\r\n\r\n");
        client.Connection.Socket.Shutdown(System.Net.Sockets.SocketShutdown.Send);
        Assert.Equal("orders GET /half-closed", (await client.AnswerAsync())!.Body);
        Assert.Equal("", await client.RestAsync());
    }

    [Fact]
    public async Task An_h2c_upgrade_is_answered_in_HTTP11()
    {
        var result = await Curl.RunAsync("--http2", "-w", "\n%{http_version} %{http_code}", $"{Url}/head");
        Assert.EndsWith("\n1.1 200", result.Out);
        Assert.DoesNotContain("HTTP2-Settings", result.Out);
        Assert.DoesNotContain("Upgrade:", result.Out);
    }

    [Fact]
    public async Task HTTP2_with_prior_knowledge_is_spoken_on_the_same_port()
    {
        Assert.Equal((200, "orders GET /a"), await Curl.GetAsync("--http2-prior-knowledge", $"{Url}/a"));
        Assert.Equal((200, "orders GET /after"), await Curl.GetAsync($"{Url}/after"));
    }

    [Fact]
    public async Task Curl_gets_HEAD_OPTIONS_and_an_answer_that_ends_with_the_connection()
    {
        var head = await Curl.RunAsync("-I", $"{Url}/a");
        Assert.StartsWith("HTTP/1.1 200", head.Out);
        Assert.Contains("Content-Length: 14", head.Out, StringComparison.OrdinalIgnoreCase);
        Assert.Equal((200, "orders OPTIONS *"), await Curl.GetAsync("-X", "OPTIONS", "--request-target", "*", Url));
        Assert.Equal((200, "until the end"), await Curl.GetAsync($"{Url}/http10"));
    }

    [Fact]
    public async Task Pipelined_requests_are_answered_in_order()
    {
        using var client = await RawClient.ConnectAsync(here.Inbound);
        await client.SendAsync(string.Concat(Enumerable.Range(0, 50).Select(i => $"GET /{i} HTTP/1.1\r\nHost: a\r\n\r\n")));
        for (var i = 0; i < 50; i++)
        {
            Assert.Equal($"orders GET /{i}", (await client.AnswerAsync())!.Body);
        }
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\n\r\n")]
    [InlineData("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\nX_Forwarded_For: 1.2.3.4\r\n\r\n")]
    [InlineData("GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost : a\r\n\r\n")]
    public async Task What_could_smuggle_is_a_400_and_the_end_of_the_connection(string request)
    {
        var before = here.App.Requests;
        using var client = await RawClient.ConnectAsync(here.Inbound);
        await client.SendAsync(request + "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n");
        var answer = await client.AnswerAsync();
        Assert.Equal(400, answer!.Status);
        Assert.Contains("http_request_error", answer["Proxy-Status"]);
        Assert.Equal("", await client.RestAsync());
        Assert.Equal(before, here.App.Requests);
    }
}
