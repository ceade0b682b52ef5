using Pillion.Net.Http;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Routing;
using Xunit;

namespace Pillion.Tests.Proxy.Routing;

public sealed class DomainTableTests
{
    private static readonly string[] Domains =
    [
        "orders.example.com", "*.example.com", "*-bar.example.com", "*.com", "orders.*", "orders.ex*", "orders", "db:5432", "*.internal:8443", "[::1]", "*",
    ];

    private static readonly RouteTable Table = Build(Domains);

    [Theory]
    [InlineData("orders.example.com", "orders.example.com")]
    [InlineData("ORDERS.Example.COM", "orders.example.com")]
    [InlineData("orders.example.com:8080", "orders.example.com")]
    [InlineData("a.example.com", "*.example.com")]
    [InlineData("a.b.example.com", "*.example.com")]
    [InlineData("foo-bar.example.com", "*-bar.example.com")]
    [InlineData("-bar.example.com", "*.example.com")]
    [InlineData(".example.com", "*.com")]
    [InlineData("example.com", "*.com")]
    [InlineData("orders.net", "orders.*")]
    [InlineData("orders.extra", "orders.ex*")]
    [InlineData("orders.ex", "orders.*")]
    [InlineData("orders.org.com", "*.com")]
    [InlineData("orders", "orders")]
    [InlineData("orders:80", "orders")]
    [InlineData("db:5432", "db:5432")]
    [InlineData("db:5433", "*")]
    [InlineData("db", "*")]
    [InlineData("a.internal:8443", "*.internal:8443")]
    [InlineData("a.internal", "*")]
    [InlineData("[::1]:80", "[::1]")]
    [InlineData("[::2]:80", "*")]
    [InlineData("", "*")]
    public void The_most_specific_domain_wins_in_Envoys_order(string authority, string domain)
    {
        Table.Match(Requests.Get("/", authority), System.Text.Encoding.ASCII.GetBytes(authority), out var host);
        Assert.Equal(domain, host?.Name);
    }

    [Fact]
    public void Without_a_star_an_unknown_host_has_no_virtual_host()
    {
        Assert.Null(Build(["a", "*.b", "c.*"]).Match(Requests.Get("/", "z"), "z"u8, out var host));
        Assert.Null(host);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a*b")]
    [InlineData("*.a.*")]
    [InlineData("a b")]
    [InlineData("http://a")]
    public void A_domain_that_is_none_is_a_mistake(string domain) => Assert.NotNull(RouteTableCheck.CheckDomain(domain));

    [Fact]
    public void A_domain_listed_twice_is_a_mistake()
    {
        var mistakes = RouteTableCheck.Find(Config(["a.example", "A.example"]));
        Assert.Equal("domain 'A.example' is already that of virtual host 'a.example'; a domain can be listed once", Assert.Single(mistakes).Message);
    }

    [Fact]
    public void The_colons_of_an_IPv6_address_are_no_port() => Assert.Equal("[::1]", DomainTable.WithoutPort("[::1]"u8).Text());

    private static RouteTable Build(string[] domains) => RouteTable.Build(Config(domains), HttpRules.Default);

    private static RouteTableConfig Config(string[] domains) =>
        new() { VirtualHosts = [.. domains.Select(domain => new VirtualHostConfig { Name = domain, Domains = [domain] })] };
}
