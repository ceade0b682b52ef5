using Pillion.Proxy.Configuration;
using Xunit;
using static Pillion.Tests.Proxy.Routing.Requests;

namespace Pillion.Tests.Proxy.Routing;

public sealed class ConditionTests
{
    [Theory]
    [InlineData(nameof(ValueMatchKind.Exact), "abc", "abc", true)]
    [InlineData(nameof(ValueMatchKind.Exact), "abc", "abcd", false)]
    [InlineData(nameof(ValueMatchKind.Exact), "abc", "ABC", false)]
    [InlineData(nameof(ValueMatchKind.Prefix), "ab", "abc", true)]
    [InlineData(nameof(ValueMatchKind.Prefix), "ab", "xab", false)]
    [InlineData(nameof(ValueMatchKind.Suffix), "bc", "abc", true)]
    [InlineData(nameof(ValueMatchKind.Suffix), "bc", "c", false)]
    [InlineData(nameof(ValueMatchKind.Contains), "b", "abc", true)]
    [InlineData(nameof(ValueMatchKind.Contains), "x", "abc", false)]
    [InlineData(nameof(ValueMatchKind.Regex), "a.c", "abc", true)]
    [InlineData(nameof(ValueMatchKind.Regex), "b", "abc", false)]
    [InlineData(nameof(ValueMatchKind.Present), "", "", true)]
    public void A_header_matches_as_its_kind_says(string kind, string wanted, string value, bool expected)
    {
        Assert.Equal(expected, Matches(new ValueMatchConfig { Name = "X-A", Kind = Enum.Parse<ValueMatchKind>(kind), Value = wanted }, ("x-a", value)));
        Assert.Equal(!expected, Matches(new ValueMatchConfig { Name = "X-A", Kind = Enum.Parse<ValueMatchKind>(kind), Value = wanted, Invert = true }, ("x-a", value)));
    }

    [Theory]
    [InlineData(nameof(ValueMatchKind.Exact), "aBc")]
    [InlineData(nameof(ValueMatchKind.Prefix), "aB")]
    [InlineData(nameof(ValueMatchKind.Suffix), "bC")]
    [InlineData(nameof(ValueMatchKind.Contains), "B")]
    public void Case_of_a_value_is_ignored_where_asked(string kind, string wanted) =>
        Assert.True(Matches(new ValueMatchConfig { Name = "X-A", Kind = Enum.Parse<ValueMatchKind>(kind), Value = wanted, IgnoreCase = true }, ("X-A", "AbC")));

    [Theory]
    [InlineData("10", true)]
    [InlineData("-10", true)]
    [InlineData("19", true)]
    [InlineData("20", false)]
    [InlineData("-11", false)]
    [InlineData("5x", false)]
    [InlineData("", false)]
    [InlineData("1.5", false)]
    public void A_range_holds_its_start_and_not_its_end(string value, bool expected) => Assert.Equal(
        expected, Matches(new ValueMatchConfig { Name = "n", Kind = ValueMatchKind.Range, RangeStart = -10, RangeEnd = 20 }, ("N", value)));

    [Theory]
    [InlineData(nameof(ValueMatchKind.Exact), false, false, false)]
    [InlineData(nameof(ValueMatchKind.Exact), true, false, false)]
    [InlineData(nameof(ValueMatchKind.Exact), true, true, true)]
    [InlineData(nameof(ValueMatchKind.Range), true, true, true)]
    [InlineData(nameof(ValueMatchKind.Present), false, false, false)]
    [InlineData(nameof(ValueMatchKind.Present), true, false, true)]
    [InlineData(nameof(ValueMatchKind.Present), false, true, true)]
    public void A_missing_header_matches_only_when_absence_or_emptiness_is_asked_for(string kind, bool invert, bool missingIsEmpty, bool expected) =>
        Assert.Equal(expected, Matches(new ValueMatchConfig { Name = "x-a", Kind = Enum.Parse<ValueMatchKind>(kind), Value = "v", RangeEnd = 9, Invert = invert, MissingIsEmpty = missingIsEmpty }));

    [Fact]
    public void Repeated_headers_are_compared_as_one_value_joined_by_commas()
    {
        (string, string)[] headers = [("X-A", "1"), ("Other", "z"), ("x-a", "2"), ("X-a", "3")];
        Assert.True(Matches(new ValueMatchConfig { Name = "x-a", Kind = ValueMatchKind.Exact, Value = "1,2,3" }, headers));
        Assert.False(Matches(new ValueMatchConfig { Name = "x-a", Kind = ValueMatchKind.Exact, Value = "1" }, headers));
    }

    [Theory]
    [InlineData(":method", "PUT")]
    [InlineData(":path", "/p?a=b")]
    [InlineData(":authority", "example.com")]
    [InlineData("host", "example.com")]
    [InlineData(":scheme", "http")]
    public void Pseudo_headers_can_be_asked_for(string name, string value)
    {
        var match = new RouteMatchConfig { Headers = [new ValueMatchConfig { Name = name, Kind = ValueMatchKind.Exact, Value = value }] };
        Assert.NotNull(Table(To("x", match)).Match(Get("/p?a=b", method: "PUT")));
    }

    [Theory]
    [InlineData("/?a=1&b=2", "a", "1", true)]
    [InlineData("/?b=2&a=1", "a", "1", true)]
    [InlineData("/?a=1&a=2", "a", "1", true)]
    [InlineData("/?a=2&a=1", "a", "1", false)]
    [InlineData("/?a=%31", "a", "1", false)]
    [InlineData("/?a=%31", "a", "%31", true)]
    [InlineData("/?a", "a", "", true)]
    [InlineData("/?a=", "a", "", true)]
    [InlineData("/?a=b=c", "a", "b=c", true)]
    [InlineData("/", "a", "", false)]
    [InlineData("/?A=1", "a", "1", false)]
    public void A_query_parameter_is_compared_as_it_came_and_the_first_counts(string target, string name, string value, bool expected)
    {
        var match = new RouteMatchConfig { Query = [new ValueMatchConfig { Name = name, Kind = ValueMatchKind.Exact, Value = value }] };
        Assert.Equal(expected, Table(To("x", match)).Match(Get(target)) is not null);
    }

    [Theory]
    [InlineData("GET", true)]
    [InlineData("PURGE", true)]
    [InlineData("POST", false)]
    [InlineData("purge", false)]
    [InlineData("LINK", false)]
    public void A_method_must_be_among_those_listed(string method, bool expected) => Assert.Equal(
        expected, Table(To("x", new RouteMatchConfig { Methods = ["GET", "PURGE"] })).Match(Get("/", method: method)) is not null);

    private static bool Matches(ValueMatchConfig header, params (string, string)[] headers) =>
        Table(To("x", new RouteMatchConfig { Headers = [header] })).Match(Get("/", headers: headers)) is not null;
}
