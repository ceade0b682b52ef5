using Pillion.Proxy.Configuration;
using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Proxy.Listeners;

/// <summary>Headers that routes read are guarded like those that Pillion sets.</summary>
public sealed class PolicyFieldTests
{
    [Fact]
    public void A_header_that_imitates_one_a_route_reads_is_rejected()
    {
        using var proxy = new ProxyFixture(route: ByTenant);
        Assert.StartsWith("HTTP/1.1 400 ", proxy.Request("GET / HTTP/1.1\r\nHost: a\r\nX-Tenant: one\r\nX_Tenant: two\r\n\r\n").TakeHead());
    }

    [Fact]
    public void Other_headers_with_underscores_pass()
    {
        using var proxy = new ProxyFixture(route: ByTenant);
        var client = proxy.Request("GET / HTTP/1.1\r\nHost: a\r\nX-Tenant: one\r\nmy_header: two\r\n\r\n");
        var upstream = proxy.Upstream.Next();
        Assert.Contains("my_header: two\r\n", upstream.TakeHead());
        upstream.Send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 200 ", client.TakeHead());
    }

    private static RouteConfig ByTenant(RouteConfig route) => route with { Match = route.Match with { Headers = [new ValueMatchConfig { Name = "X-Tenant" }] } };
}
