using Pillion.Core.Signals.Metrics;
using Pillion.Net;
using Pillion.Proxy.Clusters;
using Pillion.Proxy.Clusters.Dns;
using Pillion.Proxy.Configuration;
using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Proxy.Clusters.Dns;

/// <summary>The refreshes run on the test's own thread: a lookup ends at once, and the clock fires their timers inside Advance.</summary>
public sealed class DnsRefreshTests : IDisposable
{
    private readonly ManualTimeProvider _time = new();
    private readonly FakeResolver _resolver = new();
    private readonly ClusterMetrics _metrics = new();
    private readonly List<ResolutionReport> _reports = [];
    private readonly CancellationTokenSource _stop = new();

    public DnsRefreshTests() => SynchronizationContext.SetSynchronizationContext(null);

    public void Dispose()
    {
        _stop.Cancel();
        _stop.Dispose();
    }

    [Fact]
    public void Strict_dns_uses_every_address_of_every_name_with_its_weight()
    {
        _resolver.Set("a", "10.0.0.1", "10.0.0.2");
        _resolver.Set("b", "10.0.0.2", "10.0.0.3");
        var cluster = Start(Cluster(ClusterDiscovery.StrictDns, ("a", 1), ("b", 5), ("192.0.2.9", 2)));

        Assert.Equal(["10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:80", "192.0.2.9:80"], Texts(cluster));
        Assert.Equal([1, 1, 5, 2], cluster.Current.AsSpan().ToArray().Select(endpoint => endpoint.Weight));
        Assert.Equal("a", cluster.Current[0].HostName);
        Assert.Null(cluster.Current[3].HostName);
        Assert.True(cluster.FirstAnswers.IsCompleted);
        Assert.Equal(4, _metrics.EndpointsTotal);
    }

    [Fact]
    public void Logical_dns_uses_the_first_address_of_the_newest_answer()
    {
        _resolver.Set("a", "10.0.0.1", "10.0.0.2");
        var cluster = Start(Cluster(ClusterDiscovery.LogicalDns, ("a", 1)));
        var first = Assert.Single(cluster.Current.AsSpan().ToArray());

        _resolver.Set("a", "10.0.0.2", "10.0.0.1");
        _time.Advance(TimeSpan.FromSeconds(6));
        Assert.Equal(["10.0.0.2:80"], Texts(cluster));
        Assert.True(first.IsRemoved);

        _resolver.Set("a", "10.0.0.1", "10.0.0.2");
        _time.Advance(TimeSpan.FromSeconds(6));
        Assert.Same(first, cluster.Current[0]);
        Assert.False(first.IsRemoved);
    }

    [Fact]
    public void An_address_that_stays_keeps_its_object_and_one_that_goes_is_marked()
    {
        _resolver.Set("a", "10.0.0.1", "10.0.0.2");
        var cluster = Start(Cluster(ClusterDiscovery.StrictDns, ("a", 1)));
        var (first, second) = (cluster.Current[0], cluster.Current[1]);

        _resolver.Set("a", "10.0.0.3", "10.0.0.2");
        _time.Advance(TimeSpan.FromSeconds(6));

        Assert.Equal(["10.0.0.2:80", "10.0.0.3:80"], Texts(cluster));
        Assert.Same(second, cluster.Current[0]);
        Assert.True(first.IsRemoved);
        Assert.False(second.IsRemoved);
    }

    [Fact]
    public void The_same_addresses_in_another_order_publish_nothing()
    {
        _resolver.Set("a", "10.0.0.1", "10.0.0.2");
        var cluster = Start(Cluster(ClusterDiscovery.StrictDns, ("a", 1)));
        var before = cluster.Current;
        _resolver.Set("a", "10.0.0.2", "10.0.0.1");
        _time.Advance(TimeSpan.FromSeconds(6));
        Assert.Same(before, cluster.Current);
        Assert.Equal(2, _resolver.Asked.Count);
    }

    [Fact]
    public void A_failed_lookup_keeps_the_last_answer_and_is_reported_once()
    {
        _resolver.Set("a", "10.0.0.1");
        var cluster = Start(Cluster(ClusterDiscovery.StrictDns, ("a", 1)));
        _resolver.Answers["a"] = NameAnswer.Failed("server failure");
        _time.Advance(TimeSpan.FromSeconds(20));

        Assert.Equal(["10.0.0.1:80"], Texts(cluster));
        Assert.Equal("server failure", cluster.LookupError);
        Assert.Equal(3, cluster.Names[0].State.Failures);
        Assert.Equal((4, 1, 3), (_metrics.LookupAttempts, _metrics.LookupSuccesses, _metrics.LookupFailures));

        _resolver.Set("a", "10.0.0.2");
        _time.Advance(TimeSpan.FromSeconds(6));
        Assert.Equal(["10.0.0.2:80"], Texts(cluster));
        Assert.Null(cluster.LookupError);
        Assert.Equal(
            [ResolutionEvent.Changed, ResolutionEvent.Failed, ResolutionEvent.Recovered], _reports.Select(report => report.Event));
    }

    [Fact]
    public void A_name_without_a_first_answer_is_asked_for_every_second()
    {
        var cluster = Start(Cluster(ClusterDiscovery.StrictDns, ("a", 1)));
        Assert.True(cluster.FirstAnswers.IsCompleted);
        Assert.True(cluster.Current.IsEmpty);
        _time.Advance(TimeSpan.FromMilliseconds(999));
        Assert.Single(_resolver.Asked);
        _resolver.Set("a", "10.0.0.1");
        _time.Advance(TimeSpan.FromMilliseconds(102));
        Assert.Equal(["10.0.0.1:80"], Texts(cluster));
    }

    [Theory]
    [InlineData(30.0, true, 30.0)]
    [InlineData(0.0, true, 1.0)]
    [InlineData(30.0, false, 5.0)]
    [InlineData(-1.0, true, 5.0)]
    public void The_next_lookup_comes_when_due_and_at_most_a_tenth_later(double timeToLive, bool respect, double due)
    {
        if (timeToLive < 0)
        {
            _resolver.Set("a", "10.0.0.1");
        }
        else
        {
            _resolver.Set("a", TimeSpan.FromSeconds(timeToLive), "10.0.0.1");
        }

        Start(Cluster(ClusterDiscovery.StrictDns, ("a", 1)) with { RespectDnsTtl = respect });
        _time.Advance(TimeSpan.FromSeconds(due) - TimeSpan.FromMilliseconds(1));
        Assert.Single(_resolver.Asked);
        _time.Advance(TimeSpan.FromSeconds(due * 0.1) + TimeSpan.FromMilliseconds(2));
        Assert.Equal(2, _resolver.Asked.Count);
    }

    [Fact]
    public void A_cluster_of_addresses_asks_nobody()
    {
        var cluster = Start(Cluster(ClusterDiscovery.Static, ("192.0.2.1", 1), ("::1", 2)));
        Assert.Equal(["192.0.2.1:80", "[::1]:80"], Texts(cluster));
        Assert.Empty(_resolver.Asked);
        Assert.True(cluster.FirstAnswers.IsCompleted);
    }

    [Fact]
    public void A_successor_begins_with_the_addresses_of_its_predecessor()
    {
        _resolver.Set("a", "10.0.0.1", "10.0.0.2");
        var old = Start(Cluster(ClusterDiscovery.StrictDns, ("a", 1)));
        var config = Cluster(ClusterDiscovery.StrictDns, ("new", 1), ("a", 3));
        var successor = new ClusterEndpoints(config, _metrics, old);

        Assert.Equal(["10.0.0.1:80", "10.0.0.2:80"], Texts(successor));
        Assert.Equal(3, successor.Current[0].Weight);
        Assert.NotSame(old.Current[0], successor.Current[0]);
        Assert.False(successor.FirstAnswers.IsCompleted);
    }

    [Fact]
    public async Task Started_lookups_end_when_stopped()
    {
        _resolver.Set("a", "10.0.0.1");
        var logger = Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance;
        var cluster = ClusterEndpoints.Start(Cluster(ClusterDiscovery.StrictDns, ("a", 1)), _resolver, _time, _metrics, logger);
        await cluster.FirstAnswers;
        Assert.Equal(["10.0.0.1:80"], Texts(cluster));
        cluster.Stop();
        await cluster.Completion;
    }

    private ClusterEndpoints Start(ClusterConfig config)
    {
        var cluster = new ClusterEndpoints(config, _metrics);
        foreach (var name in cluster.Names)
        {
            _ = new DnsRefresh(cluster, name, _resolver, _time, new Random(3), _metrics, _reports.Add).RunAsync(_stop.Token);
        }

        return cluster;
    }

    private static ClusterConfig Cluster(ClusterDiscovery discovery, params (string Host, int Weight)[] endpoints) => new()
    {
        Name = "c",
        Discovery = discovery,
        Endpoints = [.. endpoints.Select(endpoint => new EndpointConfig { Address = new Address(endpoint.Host, 80), Weight = endpoint.Weight })],
    };

    private static IEnumerable<string> Texts(ClusterEndpoints cluster) => cluster.Current.AsSpan().ToArray().Select(endpoint => endpoint.Text);
}
