using Pillion.EndToEnd.Support;
using Xunit;

namespace Pillion.EndToEnd.Http2;

/// <summary>The HTTP/2 clients that Debian has, each against the sidecar.</summary>
public sealed class ClientsTests(Http2Neighbourhood here) : IClassFixture<Http2Neighbourhood>
{
    [Fact]
    public async Task Curl_speaks_with_prior_knowledge()
    {
        // One request only: this curl (7.88) cannot reuse such a connection, with nghttpd neither.
        var result = await Curl.RunAsync("--http2-prior-knowledge", "-w", "\n%{http_version} %{http_code}", $"http://127.0.0.1:{here.ToHttp2}/a");
        Assert.Equal("HTTP/2 GET /a\n2 200", result.Out);
    }

    [Fact]
    public async Task Curl_agrees_on_it_by_ALPN_and_on_HTTP11_where_it_offers_no_more()
    {
        var url = $"https://localhost:{here.Tls}/a";
        string[] common = ["--cacert", here.Authority.BundleFile, "--resolve", $"localhost:{here.Tls}:127.0.0.1", "-w", "\n%{http_version} %{http_code}", url];
        Assert.Equal("HTTP/2 GET /a\n2 200HTTP/2 GET /a\n2 200", (await Curl.RunAsync(["--http2", .. common, url])).Out);
        Assert.Equal("HTTP/2 GET /a\n1.1 200", (await Curl.RunAsync(["--http1.1", .. common])).Out);
        Assert.Equal("HTTP/2 GET /a\n1.1 200", (await Curl.RunAsync(["--no-alpn", .. common])).Out);
    }

    [Fact]
    public async Task An_upgrade_to_h2c_is_answered_in_HTTP11()
    {
        // RFC 9113 §3.1 has done away with it.
        var result = await Curl.RunAsync("--http2", "-w", "\n%{http_version} %{http_code}", $"http://127.0.0.1:{here.ToHttp1}/head");
        Assert.EndsWith("\n1.1 200", result.Out);
        Assert.DoesNotContain("upgrade:", result.Out);
        Assert.DoesNotContain("http2-settings", result.Out);
    }

    [Fact]
    public async Task HTTP2_over_TLS_reaches_the_application()
    {
        Assert.Equal((200, "HTTP/2 GET /tls"), await Curl.GetAsync("--http2-prior-knowledge", $"http://127.0.0.1:{here.ToTls}/tls"));
        Assert.StartsWith("HTTP/2 GET https ", (await Curl.GetAsync($"http://127.0.0.1:{here.ToTls}/head")).Body);
    }

    [Fact]
    public async Task Curl_posts_a_large_body()
    {
        using var file = new TempDirectory();
        await using (var stream = File.Create(file["body"]))
        {
            stream.SetLength(20_000_000);
        }

        Assert.Equal((200, "20000000"), await Curl.GetAsync("--http2-prior-knowledge", "-T", file["body"], $"http://127.0.0.1:{here.ToHttp2}/count"));
        Assert.Equal((200, "20000000"), await Curl.GetAsync("--http2-prior-knowledge", "-T", file["body"], $"http://127.0.0.1:{here.ToHttp1}/count"));
    }

    [Fact]
    public async Task A_body_streams_back_while_it_is_sent()
    {
        using var file = new TempDirectory();
        var bytes = new byte[10_000_000];
        new Random(9).NextBytes(bytes);
        await File.WriteAllBytesAsync(file["body"], bytes);
        foreach (var port in new[] { here.ToHttp2, here.ToHttp1 })
        {
            var result = await Curl.RunAsync("--http2-prior-knowledge", "-T", file["body"], "-o", file["back"], "-w", "%{http_code}", $"http://127.0.0.1:{port}/parrot");
            Assert.True(result is { Code: 0, Out: "200" }, result.ToString());
            var back = await File.ReadAllBytesAsync(file["back"]);
            Assert.True(bytes.AsSpan().SequenceEqual(back));
        }
    }

    [Fact]
    public async Task Nghttp_fetches_several_at_once_with_priorities_padding_and_trailers()
    {
        var nghttp = Peers.Need("nghttp");
        using var file = new TempDirectory();
        file.Write("body", "hello");
        var urls = Enumerable.Range(0, 20).Select(i => $"http://127.0.0.1:{here.ToHttp2}/{i}");
        var many = await Running.ToEndAsync(nghttp, ["-v", "-n", "-p", "200", "-b", "50", "-t", "20", .. urls]);
        Assert.Equal(20, many.Out.Split('\n').Count(static line => line.Contains(":status: 200", StringComparison.Ordinal)));
        Assert.DoesNotContain("RST_STREAM", many.Out);
        Assert.DoesNotContain("error_code=PROTOCOL_ERROR", many.Out);

        var trailers = await Running.ToEndAsync(nghttp, ["-v", "-t", "20", "-d", file["body"], "-H", "te: trailers", "--trailer", "x-sent: yes", $"http://127.0.0.1:{here.ToHttp2}/trailers"]);
        Assert.Contains("5 bytes; x-sent=yes", trailers.Out);
        Assert.Contains("x-count: 5", trailers.Out);
    }

    [Theory]
    [InlineData("1", 2000)]
    [InlineData("10", 10_000)]
    public async Task H2load_has_no_failure(string streams, int requests)
    {
        var h2load = Peers.Need("h2load");
        foreach (var url in new[] { $"http://127.0.0.1:{here.ToHttp2}/x", $"http://127.0.0.1:{here.ToHttp1}/x", $"https://127.0.0.1:{here.Tls}/x", $"http://127.0.0.1:{here.ToHttp2}/bytes/30000" })
        {
            var result = await Running.ToEndAsync(h2load, ["-n", $"{requests}", "-c", "8", "-m", streams, url]);
            Assert.Contains($"{requests} succeeded, 0 failed, 0 errored, 0 timeout", result.Out);
            Assert.Contains($"status codes: {requests} 2xx, 0 3xx, 0 4xx, 0 5xx", result.Out);
        }
    }
}
