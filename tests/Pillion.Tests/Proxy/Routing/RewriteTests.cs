using Pillion.Net.Http;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Routing;
using Xunit;
using static Pillion.Tests.Proxy.Routing.Requests;

namespace Pillion.Tests.Proxy.Routing;

public sealed class RewriteTests
{
    [Theory]
    [InlineData(nameof(PathMatchKind.Prefix), "/a", "/x", "/a/b?c=d", "/x/b?c=d")]
    [InlineData(nameof(PathMatchKind.Prefix), "/a", "/x", "/ab", "/xb")]
    [InlineData(nameof(PathMatchKind.Prefix), "/a", "/", "/a/b", "//b")]
    [InlineData(nameof(PathMatchKind.Prefix), "/a/", "/", "/a/b", "/b")]
    [InlineData(nameof(PathMatchKind.Prefix), "/a", "", "/a?q", "/?q")]
    [InlineData(nameof(PathMatchKind.Prefix), "/", "/api/", "/b", "/api/b")]
    [InlineData(nameof(PathMatchKind.Prefix), "/a/b", "/x", "//a///b//c", "/x//c")]
    [InlineData(nameof(PathMatchKind.Prefix), "/a/", "/", "/a//b", "/b")]
    [InlineData(nameof(PathMatchKind.Prefix), "/api", "/x", "/%61pi/%62%2Fc", "/x/%62%2Fc")]
    [InlineData(nameof(PathMatchKind.SeparatedPrefix), "/a", "/", "/a/b", "/b")]
    [InlineData(nameof(PathMatchKind.SeparatedPrefix), "/a", "/", "/a", "/")]
    [InlineData(nameof(PathMatchKind.SeparatedPrefix), "/a", "/x", "/a/b%2Fc", "/x/b%2Fc")]
    [InlineData(nameof(PathMatchKind.Exact), "/a", "/x?", "/a?b", "/x??b")]
    [InlineData(nameof(PathMatchKind.Exact), "/a", "/x", "/a?b", "/x?b")]
    [InlineData(nameof(PathMatchKind.Regex), "/a.*", "/x", "/abc?b", "/x?b")]
    public void A_prefix_is_replaced_and_the_rest_stays_as_it_came(string kind, string match, string rewrite, string target, string expected) =>
        Assert.Equal(expected, Rewritten(Enum.Parse<PathMatchKind>(kind), match, new ForwardConfig { Cluster = "c", PrefixRewrite = rewrite }, target).Target.Text());

    [Theory]
    [InlineData("^/service/([^/]+)(/.*)$", @"\2/instance/\1", "/service/foo/v1/api?x=1", "/v1/api/instance/foo?x=1")]
    [InlineData("one", "two", "/xxx/one/yyy/one/zzz?one", "/xxx/two/yyy/two/zzz?one")]
    [InlineData("(?i)/aaa/", "/bbb/", "/aaa/AAA/c", "/bbb/AAA/c")]
    [InlineData("^/a/(?P<first>[a-z]+)([0-9]+)", @"/\2-\1", "/a/bc12/d", "/12-bc/d")]
    [InlineData("none", "x", "/a//b", "/a//b")]
    [InlineData("/a/b", @"/x", "/a//b/c", "/x/c")]
    [InlineData("^/", "", "/a", "/a")]
    [InlineData(".*", "", "/a?b", "/?b")]
    [InlineData("a", @"\\", "/a", @"/\")]
    public void A_regex_rewrites_the_path_and_never_the_query(string pattern, string substitution, string target, string expected) => Assert.Equal(
        expected, Rewritten(PathMatchKind.Prefix, "/", new ForwardConfig { Cluster = "c", RegexRewrite = new(pattern, substitution) }, target).Target.Text());

    [Fact]
    public void The_path_before_a_rewrite_is_kept_in_a_header()
    {
        var head = Rewritten(PathMatchKind.Prefix, "/a", new ForwardConfig { Cluster = "c", PrefixRewrite = "/x" }, "/a/b?c");
        Assert.Equal("/a/b?c", head.Fields.Get(KnownField.XEnvoyOriginalPath).Text());
    }

    [Fact]
    public void The_host_is_replaced_where_asked()
    {
        var head = Rewritten(PathMatchKind.Prefix, "/", new ForwardConfig { Cluster = "c", HostRewrite = "inner:81" }, "/a");
        Assert.Equal("inner:81", head.Authority.Text());
        Assert.False(head.Fields.Has(KnownField.XEnvoyOriginalPath));
    }

    [Fact]
    public void The_asterisk_form_is_not_rewritten() => Assert.Equal(
        "*", Rewritten(PathMatchKind.Prefix, "/", new ForwardConfig { Cluster = "c", PrefixRewrite = "/x" }, "*").Target.Text());

    private static RequestHead Rewritten(PathMatchKind kind, string match, ForwardConfig action, string target)
    {
        var head = Get(target);
        var route = Table(new RouteConfig { Name = "r", Match = new RouteMatchConfig { Path = new(kind, match) }, Action = action }).Match(head);
        Assert.IsType<ForwardAction>(route?.Action).Rewrite(head);
        return head;
    }
}
