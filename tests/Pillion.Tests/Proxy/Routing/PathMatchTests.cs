using Pillion.Net.Http;
using Pillion.Proxy.Configuration;
using Xunit;
using static Pillion.Tests.Proxy.Routing.Requests;

namespace Pillion.Tests.Proxy.Routing;

public sealed class PathMatchTests
{
    [Theory]
    [InlineData(nameof(PathMatchKind.Prefix), "/a", "/a", true)]
    [InlineData(nameof(PathMatchKind.Prefix), "/a", "/ab", true)]
    [InlineData(nameof(PathMatchKind.Prefix), "/a", "/a/b?c", true)]
    [InlineData(nameof(PathMatchKind.Prefix), "/a", "/A", false)]
    [InlineData(nameof(PathMatchKind.Prefix), "/a/b", "/a", false)]
    [InlineData(nameof(PathMatchKind.Prefix), "/a/b", "/x?/a/b", false)]
    [InlineData(nameof(PathMatchKind.Prefix), "/", "*", true)]
    [InlineData(nameof(PathMatchKind.Prefix), "", "/x", true)]
    [InlineData(nameof(PathMatchKind.Exact), "/a", "/a", true)]
    [InlineData(nameof(PathMatchKind.Exact), "/a", "/a?b=c", true)]
    [InlineData(nameof(PathMatchKind.Exact), "/a", "/a/", false)]
    [InlineData(nameof(PathMatchKind.Exact), "/a", "/ab", false)]
    [InlineData(nameof(PathMatchKind.SeparatedPrefix), "/a", "/a", true)]
    [InlineData(nameof(PathMatchKind.SeparatedPrefix), "/a", "/a/b", true)]
    [InlineData(nameof(PathMatchKind.SeparatedPrefix), "/a", "/a?x", true)]
    [InlineData(nameof(PathMatchKind.SeparatedPrefix), "/a", "/ab", false)]
    [InlineData(nameof(PathMatchKind.Regex), "/v[0-9]+/.*", "/v12/x?y", true)]
    [InlineData(nameof(PathMatchKind.Regex), "/v[0-9]+", "/v12/x", false)]
    [InlineData(nameof(PathMatchKind.Regex), "/a|/b", "/bc", false)]
    [InlineData(nameof(PathMatchKind.Regex), "/(?i)abc", "/ABC", true)]
    [InlineData(nameof(PathMatchKind.Regex), "/(?P<id>[a-f]+)", "/abc", true)]
    [InlineData(nameof(PathMatchKind.Connect), "", "/", false)]
    public void A_path_matches_as_its_kind_says(string kind, string value, string target, bool expected) =>
        Assert.Equal(expected, Table(To("x", Enum.Parse<PathMatchKind>(kind), value)).Match(Get(target)) is not null);

    [Theory]
    [InlineData(nameof(PathMatchKind.Prefix), "/a/b", "//a///b/c", true)]
    [InlineData(nameof(PathMatchKind.Exact), "/admin", "/%61dm%69n", true)]
    [InlineData(nameof(PathMatchKind.Exact), "/a/b", "/a%2fb", false)]
    [InlineData(nameof(PathMatchKind.Exact), "/a/b", "/a//b", true)]
    [InlineData(nameof(PathMatchKind.Exact), "/a/", "/a//", true)]
    [InlineData(nameof(PathMatchKind.SeparatedPrefix), "/a", "//a//b", true)]
    [InlineData(nameof(PathMatchKind.Regex), "/a/b", "/a//b?//", true)]
    [InlineData(nameof(PathMatchKind.Exact), "/a//b", "/a//b", false)]
    public void Repeated_slashes_count_as_one(string kind, string value, string target, bool expected)
    {
        var head = Get(target);
        Assert.Equal(expected, Table(To("x", Enum.Parse<PathMatchKind>(kind), value)).Match(head) is not null);
        Assert.Equal(target, head.Target.Text());
    }

    [Fact]
    public void Repeated_slashes_count_when_the_rules_say_so()
    {
        var rules = HttpRules.Default with { MergeSlashesInMatching = false };
        Assert.Null(Table(rules, To("x", PathMatchKind.Exact, "/a/b")).Match(Get("/a//b")));
        Assert.NotNull(Table(rules, To("x", PathMatchKind.Exact, "/a//b")).Match(Get("/a//b")));
    }

    [Theory]
    [InlineData(nameof(PathMatchKind.Prefix), "/a/b")]
    [InlineData(nameof(PathMatchKind.Exact), "/a/b")]
    [InlineData(nameof(PathMatchKind.SeparatedPrefix), "/a")]
    [InlineData(nameof(PathMatchKind.Regex), "/a/[^/]*")]
    public void An_escaped_slash_never_separates(string kind, string value)
    {
        Assert.Null(Table(To("x", Enum.Parse<PathMatchKind>(kind), value)).Match(Get("/a%2Fb")));
        Assert.Null(Table(To("x", Enum.Parse<PathMatchKind>(kind), value)).Match(Get("/a%2fb")));
    }

    [Theory]
    [InlineData(nameof(PathMatchKind.Prefix), "/Abc", "/aBCd", true)]
    [InlineData(nameof(PathMatchKind.Exact), "/Abc", "/aBC", true)]
    [InlineData(nameof(PathMatchKind.Exact), "/Abc", "/aBCd", false)]
    [InlineData(nameof(PathMatchKind.SeparatedPrefix), "/Abc", "/ABC/d", true)]
    public void Case_is_ignored_where_asked(string kind, string value, string target, bool expected) => Assert.Equal(
        expected, Table(To("x", new RouteMatchConfig { Path = new(Enum.Parse<PathMatchKind>(kind), value), IgnoreCase = true })).Match(Get(target)) is not null);

    [Fact]
    public void A_CONNECT_request_matches_only_the_matcher_made_for_it()
    {
        var table = Table(To("all", PathMatchKind.Prefix, "/"), To("tunnel", PathMatchKind.Connect, ""));
        Assert.Equal("tunnel", table.Match(Get("", "db:5432", "CONNECT"))?.Name);
        Assert.Equal("all", table.Match(Get("/"))?.Name);
    }

    [Fact]
    public void The_first_route_that_matches_wins_among_exact_and_other_paths()
    {
        var onlyPost = new RouteMatchConfig { Path = new(PathMatchKind.Exact, "/a/b"), Methods = ["POST"] };
        var table = Table(
            To("post", onlyPost), To("regex", PathMatchKind.Regex, "/a/[c-z]"), To("exact", PathMatchKind.Exact, "/a/b"),
            To("prefix", PathMatchKind.Prefix, "/a"), To("late", PathMatchKind.Exact, "/a/x"), To("last", PathMatchKind.Exact, "/z"));

        Assert.Equal("post", table.Match(Get("/a/b", method: "POST"))?.Name);
        Assert.Equal("exact", table.Match(Get("/a/b"))?.Name);
        Assert.Equal("regex", table.Match(Get("/a/x"))?.Name);
        Assert.Equal("prefix", table.Match(Get("/a/b/c"))?.Name);
        Assert.Equal("last", table.Match(Get("/z"))?.Name);
        Assert.Null(table.Match(Get("/y")));
    }

    [Fact]
    public void Each_of_many_exact_paths_is_found()
    {
        var table = Table([.. Enumerable.Range(0, 2000).Select(i => To($"r{i}", PathMatchKind.Exact, $"/items/{i}"))]);
        for (var i = 0; i < 2000; i++)
        {
            Assert.Equal($"r{i}", table.Match(Get($"/items/{i}"))?.Name);
        }
    }
}
