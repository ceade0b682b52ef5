using Pillion.Proxy.Clusters.Dns;
using Pillion.Proxy.Configuration;
using Xunit;

namespace Pillion.Tests.Proxy.Clusters.Dns;

public sealed class DnsClientResolverTests : IDisposable
{
    private readonly FakeNameServer _server = new();
    private readonly string _resolvConf = Path.GetTempFileName();

    public void Dispose()
    {
        _server.Dispose();
        File.Delete(_resolvConf);
    }

    [Theory]
    [InlineData(nameof(DnsFamily.Auto), "2001:db8::1")]
    [InlineData(nameof(DnsFamily.V4Only), "10.0.0.1 10.0.0.2")]
    [InlineData(nameof(DnsFamily.V4Preferred), "10.0.0.1 10.0.0.2")]
    [InlineData(nameof(DnsFamily.V6Only), "2001:db8::1")]
    [InlineData(nameof(DnsFamily.All), "10.0.0.1 10.0.0.2 2001:db8::1")]
    public async Task A_name_gives_the_addresses_of_the_wanted_family_and_their_time_to_live(string family, string expected)
    {
        _server.Add("db.example.", 42, "10.0.0.1", "2001:db8::1", "10.0.0.2");
        var answer = await Resolver("").ResolveAsync("db.example", Enum.Parse<DnsFamily>(family), CancellationToken.None);
        Assert.Null(answer.Error);
        Assert.Equal(expected, string.Join(' ', answer.Addresses.Select(address => address.ToString())));
        Assert.Equal(TimeSpan.FromSeconds(42), answer.TimeToLive);
    }

    [Fact]
    public async Task Auto_takes_the_other_family_where_the_first_has_no_address()
    {
        _server.Add("old.example.", 42, "10.0.0.1");
        var answer = await Resolver("").ResolveAsync("old.example", DnsFamily.Auto, CancellationToken.None);
        Assert.Equal("10.0.0.1", Assert.Single(answer.Addresses).ToString());
    }

    [Fact]
    public async Task The_search_list_is_asked_in_order()
    {
        _server.Add("db.two.example.", 5, "10.0.0.1");
        var resolver = Resolver("search one.example two.example\noptions ndots:5");
        var answer = await resolver.ResolveAsync("db", DnsFamily.V4Only, CancellationToken.None);
        Assert.Null(answer.Error);
        Assert.Equal(["db.one.example. A", "db.two.example. A"], _server.Asked);
    }

    [Fact]
    public async Task A_name_that_does_not_exist_is_a_failure_that_says_so()
    {
        var answer = await Resolver("").ResolveAsync("none.example", DnsFamily.V4Only, CancellationToken.None);
        Assert.StartsWith("none.example. A: ", answer.Error);
    }

    [Fact]
    public async Task What_is_no_name_is_a_failure()
    {
        var answer = await Resolver("").ResolveAsync(new string('a', 300) + "..b", DnsFamily.Auto, CancellationToken.None);
        Assert.True(answer.IsFailure);
    }

    private DnsClientResolver Resolver(string lines)
    {
        File.WriteAllText(_resolvConf, $"nameserver 127.0.0.1\n{lines}\n");
        return new DnsClientResolver(_resolvConf, hosts: "/nonexistent", reachesV6: true, _server.Port);
    }
}
