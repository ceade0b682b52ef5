using System.Text;
using Pillion.Proxy.Clusters.Dns;
using Pillion.Proxy.Configuration;
using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Proxy.Clusters.Dns;

public sealed class DynamicHostsTests
{
    private static readonly ClusterConfig Config = new() { Name = "forward", Discovery = ClusterDiscovery.DynamicForward };

    private readonly ManualTimeProvider _time = new();
    private readonly FakeResolver _resolver = new();
    private readonly DynamicHosts _hosts;

    public DynamicHostsTests() => _hosts = new DynamicHosts(Config, _resolver, _time);

    [Fact]
    public async Task A_host_is_resolved_once_and_then_known_without_waiting()
    {
        _resolver.Set("Example.com", TimeSpan.FromSeconds(60), "10.0.0.1", "10.0.0.2");
        var first = await Find("Example.com");
        Assert.Equal("10.0.0.1:80", first.Endpoint?.Text);

        var again = _hosts.FindAsync("example.COM:80"u8, 443, CancellationToken.None);
        Assert.True(again.IsCompletedSuccessfully);
        Assert.Same(first.Endpoint, (await again).Endpoint);
        Assert.Equal(["Example.com"], _resolver.Asked);
    }

    [Theory]
    [InlineData("192.0.2.1", "192.0.2.1:80")]
    [InlineData("192.0.2.1:8080", "192.0.2.1:8080")]
    [InlineData("[2001:db8::1]", "[2001:db8::1]:80")]
    [InlineData("[2001:db8::1]:8443", "[2001:db8::1]:8443")]
    public async Task An_address_needs_no_lookup(string authority, string expected)
    {
        Assert.Equal(expected, (await Find(authority)).Endpoint?.Text);
        Assert.Empty(_resolver.Asked);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a:0")]
    [InlineData("a:99999")]
    [InlineData("a:b")]
    [InlineData("[::zz]:80")]
    [InlineData("unix:/run/x")]
    public async Task What_is_no_host_is_refused(string authority)
    {
        Assert.NotNull((await Find(authority)).Error);
        Assert.Equal(0, _hosts.Count);
    }

    [Fact]
    public async Task A_failure_is_remembered_for_a_second()
    {
        Assert.Equal("no such name", (await Find("a")).Error);
        Assert.Equal("no such name", (await Find("a")).Error);
        Assert.Single(_resolver.Asked);

        _resolver.Set("a", "10.0.0.1");
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.NotNull((await Find("a")).Endpoint);
    }

    [Fact]
    public async Task Many_who_ask_at_the_same_time_share_one_lookup()
    {
        var gate = new TaskCompletionSource();
        _resolver.Gate = gate.Task;
        _resolver.Set("a", "10.0.0.1");
        var waiting = Enumerable.Range(0, 10).Select(_ => Find("a").AsTask()).ToList();
        gate.SetResult();
        var answers = await Task.WhenAll(waiting);
        Assert.Single(answers.Select(answer => answer.Endpoint).Distinct());
        Assert.Single(_resolver.Asked);
    }

    [Fact]
    public async Task An_outdated_answer_serves_while_a_new_one_is_fetched()
    {
        _resolver.Set("a", TimeSpan.FromSeconds(10), "10.0.0.1");
        var old = (await Find("a")).Endpoint;
        _resolver.Set("a", TimeSpan.FromSeconds(10), "10.0.0.2");
        var gate = new TaskCompletionSource();
        _resolver.Gate = gate.Task;
        _time.Advance(TimeSpan.FromSeconds(11));

        var stale = Find("a");
        Assert.True(stale.IsCompletedSuccessfully);
        Assert.Same(old, (await stale).Endpoint);

        gate.SetResult();
        _time.Advance(TimeSpan.FromMinutes(10));
        Assert.Equal("10.0.0.2:80", (await Find("a")).Endpoint?.Text);
    }

    [Fact]
    public async Task A_long_failing_name_does_not_keep_its_old_address_for_ever()
    {
        _resolver.Set("a", TimeSpan.FromSeconds(10), "10.0.0.1");
        await Find("a");
        _resolver.Answers["a"] = NameAnswer.Failed("gone");
        _time.Advance(TimeSpan.FromMinutes(6));
        Assert.Equal("gone", (await Find("a")).Error);
    }

    [Fact]
    public async Task The_hosts_kept_are_bounded_and_the_longest_unused_go_first()
    {
        _resolver.Set("first", TimeSpan.FromHours(1), "10.0.0.1");
        await Find("first");
        for (var i = 0; i < DynamicHosts.MaxHosts * 2; i++)
        {
            _time.Advance(TimeSpan.FromMilliseconds(1));
            await Find($"192.0.{i / 250}.{i % 250}");
            Assert.True((await Find("first")).Endpoint is not null);
        }

        Assert.InRange(_hosts.Count, DynamicHosts.MaxHosts / 2, DynamicHosts.MaxHosts + 1);
        Assert.Single(_resolver.Asked);
    }

    [Fact]
    public async Task A_known_host_costs_no_allocation()
    {
        await Find("192.0.2.1");
        var found = 0;
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
        {
            found += _hosts.FindAsync("192.0.2.1"u8, 80, CancellationToken.None).IsCompletedSuccessfully ? 1 : 0;
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(1000, found);
    }

    private ValueTask<DynamicHost> Find(string authority) => _hosts.FindAsync(Encoding.ASCII.GetBytes(authority), 80, CancellationToken.None);
}
