using Pillion.Core.Identity;
using Pillion.Net.Tls;
using Pillion.Proxy.Routing;
using Xunit;

namespace Pillion.Tests.Core.Identity;

public sealed class NameMatcherTests
{
    [Theory]
    [InlineData("orders.example.org", "orders.example.org", true)]
    [InlineData("ORDERS.example.org", "orders.EXAMPLE.org", true)]
    [InlineData("orders.example.org.", "orders.example.org", true)]
    [InlineData("orders.example.org", "orders.example.org.", true)]
    [InlineData("*.example.org", "orders.example.org", true)]
    [InlineData("*.example.org", "a.orders.example.org", false)]
    [InlineData("*.example.org", "example.org", false)]
    [InlineData("*.example.org", ".example.org", false)]
    [InlineData("*.org", "example.org", false)]
    [InlineData("*", "example", false)]
    [InlineData("*.", "example.", false)]
    [InlineData("o*.example.org", "orders.example.org", false)]
    [InlineData("*.*.example.org", "a.b.example.org", false)]
    [InlineData("orders.*.org", "orders.example.org", false)]
    [InlineData("", "", false)]
    [InlineData("10.0.0.1", "10.0.0.1", false)]
    public void A_host_is_covered_by_its_name_or_a_wildcard_of_one_whole_label(string presented, string host, bool covered) =>
        Assert.Equal(covered, NameMatcher.OfHost(host).Matches(Leaf(dns: [presented])));

    [Theory]
    [InlineData("10.0.0.1", "10.0.0.1", true)]
    [InlineData("2001:db8::1", "2001:0db8:0:0::1", true)]
    [InlineData("10.0.0.2", "10.0.0.1", false)]
    public void An_address_is_compared_as_an_address(string presented, string host, bool same) =>
        Assert.Equal(same, NameMatcher.OfHost(host).Matches(Leaf(ips: [presented])));

    [Theory]
    [InlineData(nameof(NameMatchKind.Exact), "spiffe://td/a", true)]
    [InlineData(nameof(NameMatchKind.Exact), "spiffe://td/A", false)]
    [InlineData(nameof(NameMatchKind.Prefix), "spiffe://td/", true)]
    [InlineData(nameof(NameMatchKind.Prefix), "spiffe://dt/", false)]
    [InlineData(nameof(NameMatchKind.Suffix), "/a", true)]
    [InlineData(nameof(NameMatchKind.Suffix), "/b", false)]
    [InlineData(nameof(NameMatchKind.Contains), "td", true)]
    [InlineData(nameof(NameMatchKind.Contains), "dt", false)]
    public void A_uri_is_compared_whole_or_in_part(string kind, string value, bool matches) =>
        Assert.Equal(matches, new NameMatcher(NameType.Uri, Enum.Parse<NameMatchKind>(kind), value).Matches(Leaf(uris: ["spiffe://td/a"])));

    [Fact]
    public void A_type_looks_at_names_of_its_own_type_and_any_at_all()
    {
        var leaf = Leaf(dns: ["dns.example"], uris: ["urn:x"], ips: ["10.0.0.1"]);
        Assert.False(new NameMatcher(NameType.Dns, NameMatchKind.Exact, "urn:x").Matches(leaf));
        Assert.False(new NameMatcher(NameType.Uri, NameMatchKind.Exact, "dns.example").Matches(leaf));
        Assert.False(new NameMatcher(NameType.Dns, NameMatchKind.Exact, "10.0.0.1").Matches(leaf));
        Assert.All(["dns.example", "urn:x", "10.0.0.1"], value => Assert.True(new NameMatcher(NameType.Any, NameMatchKind.Exact, value).Matches(leaf)));
    }

    [Fact]
    public void Case_counts_in_a_uri_unless_told_otherwise()
    {
        Assert.True(new NameMatcher(NameType.Uri, NameMatchKind.Prefix, "SPIFFE", ignoreCase: true).Matches(Leaf(uris: ["spiffe://td/a"])));
        Assert.True(new NameMatcher(NameType.Dns, NameMatchKind.Suffix, ".EXAMPLE.ORG").Matches(Leaf(dns: ["a.example.org"])));
    }

    [Theory]
    [InlineData("spiffe://td/[a-c]", "spiffe://td/a", true)]
    [InlineData("spiffe://td/", "spiffe://td/a", false)]
    [InlineData("a|b", "spiffe://td/a", false)]
    [InlineData("spiffe://td/a", "spiffe://td/a\n", false)]
    public void A_regular_expression_matches_the_whole_name(string pattern, string name, bool matches) =>
        Assert.Equal(matches, new NameMatcher(NameType.Uri, RegexSyntax.Full(pattern)).Matches(Leaf(uris: [name])));

    private static PeerCertificate Leaf(IReadOnlyList<string>? dns = null, IReadOnlyList<string>? uris = null, IReadOnlyList<string>? ips = null) => new()
    {
        Der = default,
        Subject = "",
        Sha256 = "",
        SerialNumber = "",
        NotBefore = default,
        NotAfter = default,
        DnsNames = dns ?? [],
        UriNames = uris ?? [],
        IpNames = ips ?? [],
    };
}
