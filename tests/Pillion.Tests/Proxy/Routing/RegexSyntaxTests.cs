using Pillion.Proxy.Routing;
using Xunit;

namespace Pillion.Tests.Proxy.Routing;

public sealed class RegexSyntaxTests
{
    [Theory]
    [InlineData("/a(b|c)*d{2,3}")]
    [InlineData(@"/\d+/[^/]*\.html")]
    [InlineData("(?i)/abc")]
    [InlineData("(?P<id>a)(?<other>b)")]
    [InlineData(@"\(?P<x>")]
    [InlineData("[[:]")]
    public void What_runs_in_linear_time_is_accepted(string pattern) => Assert.Null(RegexSyntax.Check(pattern));

    [Theory]
    [InlineData("(?=a)b")]
    [InlineData("(?<!a)b")]
    [InlineData(@"(a)\1")]
    [InlineData("(?>a+)b")]
    public void What_could_blow_up_is_refused(string pattern) => Assert.Contains("exponential", RegexSyntax.Check(pattern));

    [Theory]
    [InlineData("(a")]
    [InlineData("a)(b")]
    [InlineData("[a")]
    [InlineData("*a")]
    [InlineData("[[:alpha:]]+")]
    [InlineData("(?x)a # comment")]
    public void What_is_no_pattern_is_refused(string pattern) => Assert.NotNull(RegexSyntax.Check(pattern));

    [Fact]
    public void The_error_says_where() => Assert.Equal("not a regular expression: unterminated bracket at character 2", RegexSyntax.Check("[a"));

    [Theory]
    [InlineData("(a)(b)", @"\2/\1/\0", null)]
    [InlineData("(a)", @"\2", @"there is no group \2; the pattern has 1")]
    [InlineData("(a)", @"x\", @"a backslash must be followed by the number of a group, such as \1, or by a backslash")]
    [InlineData("(a)", "x y", "a path is written in visible ASCII; escape other characters as %XX")]
    public void A_substitution_must_fit_its_pattern(string pattern, string substitution, string? expected) =>
        Assert.Equal(expected, RegexSyntax.CheckSubstitution(pattern, substitution));
}
