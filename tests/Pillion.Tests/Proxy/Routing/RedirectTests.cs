using Pillion.Net.Http;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Routing;
using Xunit;
using static Pillion.Tests.Proxy.Routing.Requests;

namespace Pillion.Tests.Proxy.Routing;

public sealed class RedirectTests
{
    [Fact]
    public void Https_is_a_change_of_scheme_that_drops_the_default_port()
    {
        var toHttps = new RedirectConfig { Scheme = "https" };
        Assert.Equal("https://a.example/x?y", Location(toHttps, "/x?y", "a.example"));
        Assert.Equal("https://a.example/x", Location(toHttps, "/x", "a.example:80"));
        Assert.Equal("https://a.example:8080/x", Location(toHttps, "/x", "a.example:8080"));
        Assert.Equal("https://[::1]/x", Location(toHttps, "/x", "[::1]:80"));
        Assert.Equal("https://a.example:80/x", Location(toHttps, "/x", "a.example:80", https: true));
    }

    [Fact]
    public void A_port_replaces_the_requests_port()
    {
        Assert.Equal("http://a.example:8443/x", Location(new RedirectConfig { Port = 8443 }, "/x", "a.example:80"));
        Assert.Equal("http://b.example:8443/x", Location(new RedirectConfig { Port = 8443, Host = "b.example" }, "/x", "a.example:80"));
        Assert.Equal("http://[::1]:8443/x", Location(new RedirectConfig { Port = 8443 }, "/x", "[::1]"));
    }

    [Theory]
    [InlineData("/new", false, "/old?a=b", "/new?a=b")]
    [InlineData("/new?c=d", false, "/old?a=b", "/new?c=d")]
    [InlineData("/new?c=d", true, "/old?a=b", "/new?c=d")]
    [InlineData("/new", true, "/old?a=b", "/new")]
    [InlineData(null, true, "/old?a=b", "/old")]
    [InlineData(null, false, "/old//x?a=b", "/old//x?a=b")]
    public void A_path_takes_the_requests_query_unless_it_has_its_own(string? path, bool strip, string target, string expected) => Assert.Equal(
        "http://a.example" + expected, Location(new RedirectConfig { Path = path, StripQuery = strip }, target, "a.example"));

    [Theory]
    [InlineData("/new/", null, null, "/old/x?q=1", "/new/x?q=1")]
    [InlineData(null, "^/old/(.*)$", @"/n/\1/m", "/old/x?q=1", "/n/x/m?q=1")]
    public void Prefix_and_regex_rewrite_the_path(string? prefix, string? pattern, string? substitution, string target, string expected)
    {
        var config = new RedirectConfig { PrefixRewrite = prefix, RegexRewrite = pattern is null ? null : new(pattern, substitution!), StripQuery = false };
        Assert.Equal("http://a.example" + expected, Location(config, target, "a.example", match: "/old/"));
    }

    [Fact]
    public void Scheme_comes_from_X_Forwarded_Proto_when_the_listener_has_set_it()
    {
        var head = Get("/x", "a.example", headers: ("X-Forwarded-Proto", "https"));
        Assert.Equal("https://b.example/x", Location(new RedirectConfig { Host = "b.example" }, head));
    }

    [Fact]
    public void The_answer_has_the_status_and_an_empty_body()
    {
        var response = new ResponseHead();
        var head = Get("/x");
        var action = Assert.IsType<RedirectAction>(
            Table(new RouteConfig { Name = "r", Match = new(), Action = new RedirectConfig { Status = 308, Host = "b" } }).Match(head)?.Action);
        action.Write(head, response);
        Assert.Equal(308, response.Status);
        Assert.Equal((BodyKind.Length, 0L), (response.Body, response.ContentLength));
    }

    [Fact]
    public void A_direct_answer_has_its_body_and_type()
    {
        var response = new ResponseHead();
        var action = Assert.IsType<DirectAction>(
            Table(new RouteConfig { Name = "r", Match = new(), Action = new DirectResponseConfig { Status = 403, Body = "no é" } }).Match(Get("/"))?.Action);
        action.Write(response);
        Assert.Equal((403, 5L, "text/plain"), (response.Status, response.ContentLength, response.Fields.Get(KnownField.ContentType).Text()));
        Assert.Equal("no é"u8.ToArray(), action.Body.ToArray());
    }

    private static string Location(RedirectConfig config, string target, string authority, bool https = false, string match = "/")
    {
        var head = Get(target, authority);
        head.IsHttps = https;
        return Location(config, head, match);
    }

    private static string Location(RedirectConfig config, RequestHead head, string match = "/")
    {
        var route = new RouteConfig { Name = "r", Match = new RouteMatchConfig { Path = new(PathMatchKind.Prefix, match) }, Action = config };
        var response = new ResponseHead();
        Assert.IsType<RedirectAction>(Table(route).Match(head)?.Action).Write(head, response);
        return response.Fields.Get(KnownField.Location).Text();
    }
}
