using System.Net;
using Pillion.Proxy.Clusters.Dns;
using Pillion.Proxy.Configuration;
using Xunit;

namespace Pillion.Tests.Proxy.Clusters.Dns;

public sealed class LocalNamesTests : IDisposable
{
    private readonly string _hosts = Path.GetTempFileName();

    public void Dispose() => File.Delete(_hosts);

    [Theory]
    [InlineData("localhost", nameof(DnsFamily.Auto), "127.0.0.1")]
    [InlineData("LOCALHOST.", nameof(DnsFamily.V4Preferred), "127.0.0.1")]
    [InlineData("app.localhost", nameof(DnsFamily.V6Only), "::1")]
    [InlineData("localhost", nameof(DnsFamily.All), "127.0.0.1 ::1")]
    [InlineData("192.0.2.1", nameof(DnsFamily.Auto), "192.0.2.1")]
    [InlineData("db", nameof(DnsFamily.Auto), "2001:db8::5")]
    [InlineData("DB.internal", nameof(DnsFamily.V4Only), "10.0.0.5 10.0.0.6")]
    [InlineData("six", nameof(DnsFamily.V4Preferred), "2001:db8::6")]
    [InlineData("six", nameof(DnsFamily.V4Only), null)]
    [InlineData("commented", nameof(DnsFamily.Auto), null)]
    [InlineData("elsewhere.example", nameof(DnsFamily.Auto), null)]
    public void Names_are_found_without_a_server(string name, string family, string? expected)
    {
        File.WriteAllText(_hosts, "10.0.0.5\tdb db.internal # commented\n# 10.0.0.9 commented\n10.0.0.6 db.internal\n2001:db8::5 db\nnonsense x\n2001:db8::6   six\n");
        var answer = new LocalNames(_hosts, reachesV6: true).Find(name, Enum.Parse<DnsFamily>(family));
        Assert.Equal(expected, answer is null ? null : string.Join(' ', answer.Addresses.Select(address => address.ToString())));
    }

    [Fact]
    public void A_changed_hosts_file_is_read_again()
    {
        var names = new LocalNames(_hosts, reachesV6: false);
        Assert.Null(names.Find("late", DnsFamily.Auto));
        File.WriteAllText(_hosts, "10.0.0.7 late\n");
        Assert.Equal([IPAddress.Parse("10.0.0.7")], names.Find("late", DnsFamily.Auto)?.Addresses);
    }

    [Fact]
    public void A_missing_hosts_file_lists_nothing() => Assert.Null(new LocalNames(_hosts + ".none", reachesV6: false).Find("a", DnsFamily.Auto));

    [Theory]
    [InlineData("a", "a.one.example. a.two.example. a.")]
    [InlineData("a.b", "a.b.one.example. a.b.two.example. a.b.")]
    [InlineData("a.b.c", "a.b.c. a.b.c.one.example. a.b.c.two.example.")]
    [InlineData("a.", "a.")]
    public void The_search_list_is_applied_by_ndots(string name, string expected)
    {
        var settings = ResolverSettings.Parse(["search old", "search one.example two.example.", "options ndots:2 rotate"]);
        Assert.Equal(expected, string.Join(' ', settings.Candidates(name)));
    }

    [Fact]
    public void Resolv_conf_is_read()
    {
        var settings = ResolverSettings.Parse(
            ["# comment", "nameserver 10.0.0.1", "nameserver bad", "nameserver fd00::1", "options timeout:2 attempts:3 use-vc", "; x"]);
        Assert.Equal(["10.0.0.1", "fd00::1"], settings.Servers.Select(server => server.ToString()));
        Assert.Equal((TimeSpan.FromSeconds(2), 3, 1, true), (settings.Timeout, settings.Attempts, settings.Dots, settings.TcpOnly));
    }

    [Fact]
    public void Without_resolv_conf_the_server_is_on_this_machine() =>
        Assert.Equal([IPAddress.Loopback], ResolverSettings.Parse([]).Servers);
}
