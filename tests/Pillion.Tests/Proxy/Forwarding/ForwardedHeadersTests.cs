using Pillion.Core.Signals;
using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Proxy.Forwarding;

/// <summary>What a request carries further: where it came from, who it is, whom it has passed.</summary>
public sealed class ForwardedHeadersTests
{
    private const string TraceParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    [Fact]
    public void A_request_without_any_gets_them_all()
    {
        using var proxy = new ProxyFixture();
        var client = proxy.Request("GET / HTTP/1.1\r\nHost: shop\r\n\r\n");
        var head = Head(proxy);
        Assert.Equal("127.0.0.1", Field(head, "X-Forwarded-For"));
        Assert.Equal("http", Field(head, "X-Forwarded-Proto"));
        Assert.Equal("shop", Field(head, "X-Forwarded-Host"));
        Assert.Equal(36, Field(head, "X-Request-Id").Length);
        Assert.Matches("^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$", Field(head, "traceparent"));
        Assert.StartsWith("1.1 pillion", Field(head, "Via"));
        client.Reset();
        Assert.Equal(Field(head, "X-Request-Id"), proxy.Record.Id.ToString());
        Assert.Equal(Field(head, "traceparent").Split('-')[1], proxy.Record.TraceId.ToString());
    }

    [Fact]
    public void What_came_is_continued()
    {
        using var proxy = new ProxyFixture();
        proxy.Request($"GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 10.0.0.1\r\nX-Forwarded-For: 10.0.0.2\r\nX-Request-Id: mine\r\ntraceparent: {TraceParent}\r\ntracestate: v=1\r\nVia: 1.1 edge\r\n\r\n");
        var head = Head(proxy);
        Assert.Contains("X-Forwarded-For: 10.0.0.1\r\n", head);
        Assert.Contains("X-Forwarded-For: 10.0.0.2, 127.0.0.1\r\n", head);
        Assert.Equal("mine", Field(head, "X-Request-Id"));
        // Where no span of ours is recorded, the caller's stays the parent of what follows.
        Assert.Equal(TraceParent, Field(head, "traceparent"));
        Assert.Equal("v=1", Field(head, "tracestate"));
        Assert.Contains("Via: 1.1 edge\r\n", head);
        Assert.Contains("Via: 1.1 pillion", head);
    }

    [Fact]
    public void A_broken_trace_begins_anew_without_its_state()
    {
        using var proxy = new ProxyFixture();
        proxy.Request("GET / HTTP/1.1\r\nHost: a\r\ntraceparent: 00-zz-b7-01\r\ntracestate: v=1\r\n\r\n");
        var head = Head(proxy);
        Assert.Matches("^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$", Field(head, "traceparent"));
        Assert.DoesNotContain("tracestate", head);
    }

    [Fact]
    public void A_request_that_passed_here_before_is_a_loop()
    {
        using var proxy = new ProxyFixture();
        proxy.Request("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        var via = Field(Head(proxy), "Via");
        var client = proxy.Request($"GET / HTTP/1.1\r\nHost: a\r\nVia: 1.1 edge, {via}, 1.1 other\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 508 ", client.TakeHead());
        Assert.Equal(ResponseFlags.LR, proxy.Record.Flags);
        Assert.Equal(0, proxy.Upstream.Waiting);
    }

    [Fact]
    public void An_endless_list_of_proxies_is_passed_on()
    {
        using var proxy = new ProxyFixture();
        var list = string.Join(", ", Enumerable.Repeat("10.0.0.1", 1000));
        proxy.Request($"GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: {list}\r\n\r\n");
        Assert.Equal(list + ", 127.0.0.1", Field(Head(proxy), "X-Forwarded-For"));
    }

    private static string Head(ProxyFixture proxy) => proxy.Upstream.Next().TakeHead();

    private static string Field(string head, string name)
    {
        var line = head.Split("\r\n").Single(line => line.StartsWith(name + ": ", StringComparison.OrdinalIgnoreCase));
        return line[(name.Length + 2)..];
    }
}
