using Pillion.Tests.ArchitectureTests;
using Pillion.Tests.Configuration;
using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Proxy.Filters;

/// <summary>Whole files at work: what they say is what a client sees.</summary>
public sealed class PolicySampleTests
{
    private const string Ok = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\nok";

    [Fact]
    public void Envoy_s_rate_limit_of_a_route_and_a_client()
    {
        using var fixture = Run("envoy-rate-limit.yaml");
        Assert.Equal(Enumerable.Repeat("200", 5).Append("429"), Enumerable.Range(0, 6).Select(_ => Status(fixture, "GET /reports HTTP/1.1\r\nHost: a\r\n\r\n")));
        var client = fixture.Connect(10000).Send("GET /reports HTTP/1.1\r\nHost: a\r\n\r\n");
        Assert.Contains("\r\nx-limited-by: pillion\r\n", client.Received);
        Assert.Contains("\r\nx-ratelimit-limit: 5\r\nx-ratelimit-remaining: 0\r\nx-ratelimit-reset: 10\r\n", client.Received);
        Assert.Equal("200", Status(fixture, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
        fixture.AdvanceSeconds(10);
        Assert.Equal("200", Status(fixture, "GET /reports HTTP/1.1\r\nHost: a\r\n\r\n"));
    }

    [Fact]
    public void Envoy_s_limits_of_sizes_and_its_compressors()
    {
        using var fixture = Run("envoy-limits.yaml");
        Assert.Equal("413", Status(fixture, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1048577\r\n\r\n"));
        fixture.Upstream.Answer = _ => $"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 2000\r\n\r\n{new string('a', 2000)}";
        Assert.Contains("Content-Encoding: br", Answer(fixture, "GET / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip, br\r\n\r\n"), StringComparison.OrdinalIgnoreCase);
        Assert.Contains("Content-Encoding: gzip", Answer(fixture, "GET / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip, br;q=0.5\r\n\r\n"), StringComparison.OrdinalIgnoreCase);
        var packed = Packed.Gzip("hello");
        fixture.Upstream.Answer = _ => Ok;
        Assert.Equal("200", Status(fixture, $"POST / HTTP/1.1\r\nHost: a\r\nContent-Encoding: gzip\r\nContent-Length: {packed.Length}\r\n\r\n{packed}"));
        Assert.Contains("\r\n5\r\nhello\r\n", fixture.Upstream.Requests[^1]);
    }

    [Fact]
    public void Envoy_s_faults_for_testers_alone()
    {
        using var fixture = Run("envoy-fault-injection.yaml");
        Assert.Equal("200", Status(fixture, "GET / HTTP/1.1\r\nHost: a\r\nx-envoy-fault-abort-request: 418\r\n\r\n"));
        Assert.Equal("418", Status(fixture, "GET / HTTP/1.1\r\nHost: a\r\nx-tester: me\r\nx-envoy-fault-abort-request: 418\r\n\r\n"));
        Assert.Equal("200", Status(fixture, "GET /static HTTP/1.1\r\nHost: a\r\nx-tester: me\r\nx-envoy-fault-abort-request: 418\r\n\r\n"));
    }

    private static ProxyFixture Run(string sample)
    {
        var fixture = new ProxyFixture();
        fixture.Upstream.Answer = _ => Ok;
        Assert.Empty(fixture.Reload(Given.Config(File.ReadAllText(Path.Combine(Repository.Root, "samples", sample)), sample).Proxy));
        return fixture;
    }

    private static string Answer(ProxyFixture fixture, string request) => fixture.Connect(10000).Send(request).Received;

    private static string Status(ProxyFixture fixture, string request) => Answer(fixture, request).Split(' ')[1];
}
