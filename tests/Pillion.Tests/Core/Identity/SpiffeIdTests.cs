using Pillion.Core.Identity;
using Xunit;

namespace Pillion.Tests.Core.Identity;

public sealed class SpiffeIdTests
{
    [Theory]
    [InlineData("spiffe://example.org/ns/default/sa/orders", "example.org", "/ns/default/sa/orders", "default", "orders")]
    [InlineData("spiffe://example.org", "example.org", "", "", "")]
    [InlineData("spiffe://a_b-c.9/X/y.z/...", "a_b-c.9", "/X/y.z/...", "", "...")]
    [InlineData("spiffe://td/orders", "td", "/orders", "", "orders")]
    [InlineData("spiffe://td/ns/a/sa/b/c", "td", "/ns/a/sa/b/c", "", "c")]
    [InlineData("spiffe://td/ns/a/sb/b", "td", "/ns/a/sb/b", "", "b")]
    public void An_id_is_taken_apart(string text, string trustDomain, string path, string @namespace, string workload)
    {
        Assert.True(SpiffeId.TryParse(text, out var id, out _));
        Assert.Equal(trustDomain, id.TrustDomain);
        Assert.Equal(path, id.Path);
        Assert.Equal(@namespace, id.Namespace);
        Assert.Equal(workload, id.WorkloadName);
        Assert.Equal(text, id.ToString());
        Assert.Equal(SpiffeId.Parse(text), id);
    }

    [Theory]
    [InlineData("", "does not begin with spiffe://")]
    [InlineData("https://example.org/x", "does not begin with spiffe://")]
    [InlineData("SPIFFE://example.org/x", "does not begin with spiffe://")]
    [InlineData("spiffe://", "has no trust domain")]
    [InlineData("spiffe:///x", "has no trust domain")]
    [InlineData("spiffe://Example.org/x", "has a trust domain with other characters than a-z, 0-9, '.', '-' and '_'")]
    [InlineData("spiffe://example.org:443/x", "has a trust domain with other characters than a-z, 0-9, '.', '-' and '_'")]
    [InlineData("spiffe://me@example.org/x", "has a trust domain with other characters than a-z, 0-9, '.', '-' and '_'")]
    [InlineData("spiffe://example.org?q", "has a trust domain with other characters than a-z, 0-9, '.', '-' and '_'")]
    [InlineData("spiffe://example.org/", "ends with a slash")]
    [InlineData("spiffe://example.org/x/", "has a path segment that is empty, '.' or '..'")]
    [InlineData("spiffe://example.org//x", "has a path segment that is empty, '.' or '..'")]
    [InlineData("spiffe://example.org/a/../b", "has a path segment that is empty, '.' or '..'")]
    [InlineData("spiffe://example.org/./b", "has a path segment that is empty, '.' or '..'")]
    [InlineData("spiffe://example.org/a%2fb", "has a path with other characters than letters, digits, '.', '-' and '_'")]
    [InlineData("spiffe://example.org/a?b", "has a path with other characters than letters, digits, '.', '-' and '_'")]
    [InlineData("spiffe://example.org/a#b", "has a path with other characters than letters, digits, '.', '-' and '_'")]
    [InlineData("spiffe://example.org/a b", "has a path with other characters than letters, digits, '.', '-' and '_'")]
    [InlineData("spiffe://example.org/\u00e9", "has a path with other characters than letters, digits, '.', '-' and '_'")]
    [InlineData("spiffe://ex\0ample.org/a", "has a trust domain with other characters than a-z, 0-9, '.', '-' and '_'")]
    public void What_the_standard_forbids_is_no_id(string text, string problem)
    {
        Assert.False(SpiffeId.TryParse(text, out _, out var told));
        Assert.Equal(problem, told);
    }

    [Fact]
    public void The_lengths_are_those_of_the_standard()
    {
        var trustDomain = new string('a', 255);
        Assert.True(SpiffeId.TryParse($"spiffe://{trustDomain}/x", out _, out _));
        Assert.False(SpiffeId.TryParse($"spiffe://{trustDomain}a/x", out _, out _));
        var path = new string('a', 2048 - "spiffe://td/".Length);
        Assert.True(SpiffeId.TryParse($"spiffe://td/{path}", out _, out _));
        Assert.False(SpiffeId.TryParse($"spiffe://td/{path}a", out _, out _));
    }

    [Theory]
    [InlineData("spiffe://td/ns/x/sa/y", "spiffe://td/ns/x/sa/y", true)]
    [InlineData("spiffe://td/ns/x/sa/y", "spiffe://td/ns/x/sa/yy", false)]
    [InlineData("spiffe://td/ns/x/sa/y", "spiffe://td/ns/x/sa/Y", false)]
    [InlineData("spiffe://td/ns/x/*", "spiffe://td/ns/x/sa/y", true)]
    [InlineData("spiffe://td/ns/x/*", "spiffe://td/ns/x/z", true)]
    [InlineData("spiffe://td/ns/x/*", "spiffe://td/ns/x", false)]
    [InlineData("spiffe://td/ns/x/*", "spiffe://td/ns/xy/z", false)]
    [InlineData("spiffe://td/ns/x/*", "spiffe://other/ns/x/z", false)]
    [InlineData("spiffe://td", "spiffe://td/anybody", true)]
    [InlineData("spiffe://td", "spiffe://td.evil/anybody", false)]
    [InlineData("spiffe://td/*", "spiffe://td/anybody", true)]
    public void A_pattern_means_one_id_those_below_a_path_or_a_trust_domain(string pattern, string id, bool matches)
    {
        Assert.True(SpiffePattern.TryParse(pattern, out var parsed, out _));
        Assert.Equal(matches, parsed.Matches(SpiffeId.Parse(id)));
    }

    [Theory]
    [InlineData("*")]
    [InlineData("spiffe://*/x")]
    [InlineData("spiffe://td/a*")]
    [InlineData("spiffe://td/*/b")]
    [InlineData("td/x")]
    public void A_star_stands_only_at_the_end_of_a_path(string pattern) => Assert.False(SpiffePattern.IsRight(pattern));
}
