using Pillion.Proxy.Upstreams;
using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Proxy.Upstreams;

/// <summary>Which connections are used again, and which must not be.</summary>
public sealed class UpstreamPoolTests
{
    private const string Get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    private const string Ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

    [Theory]
    [InlineData(4.4, 1)]
    [InlineData(4.7, 2)]
    public void An_upstream_that_announces_its_idle_time_is_believed(double seconds, int connections)
    {
        using var proxy = new ProxyFixture();
        proxy.Upstream.Answer = _ => "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nKeep-Alive: max=100, timeout=5\r\n\r\nok";
        Assert.Equal(connections, ConnectionsAfter(proxy, seconds));
    }

    [Fact]
    public void The_idle_time_of_an_upstream_is_learnt_from_its_closes()
    {
        using var proxy = new ProxyFixture();
        proxy.Upstream.Answer = _ => Ok;
        var client = proxy.Request(Get);
        proxy.AdvanceSeconds(2);
        proxy.Upstream.Connections[0].End();
        Assert.Equal(0, Pool(proxy).IdleCount);
        Assert.Equal(1, proxy.ClusterMetrics.ConnectionsDestroyedRemote);
        client.Send(Get);
        proxy.AdvanceSeconds(1.9);
        client.Send(Get);
        Assert.Equal(3, proxy.Upstream.Connections.Count);
        proxy.AdvanceSeconds(1.6);
        client.Send(Get);
        Assert.Equal(3, proxy.Upstream.Connections.Count);
    }

    [Fact]
    public void A_connection_carries_no_more_requests_than_the_cluster_allows()
    {
        using var proxy = new ProxyFixture(cluster: cluster => cluster with { MaxRequestsPerConnection = 2 });
        proxy.Upstream.Answer = _ => Ok;
        var client = proxy.Connect();
        for (var i = 0; i < 5; i++)
        {
            client.Send(Get);
        }

        Assert.Equal(3, proxy.Upstream.Connections.Count);
        Assert.True(proxy.Upstream.Connections[0].IsEnded);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok#end")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")]
    [InlineData("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP")]
    public void A_connection_that_will_not_or_cannot_go_on_is_not_pooled(string answer)
    {
        using var proxy = new ProxyFixture();
        proxy.Upstream.Answer = _ => answer;
        proxy.Request(Get);
        Assert.Equal(0, Pool(proxy).IdleCount);
        Assert.True(proxy.Upstream.Connections[0].IsOver);
    }

    [Fact]
    public void The_connection_used_last_goes_first_and_the_others_grow_old()
    {
        using var proxy = new ProxyFixture(cluster: cluster => cluster with { IdleTimeout = TimeSpan.FromSeconds(10) });
        var (one, two) = (proxy.Request(Get), proxy.Request(Get));
        var (first, second) = (proxy.Upstream.Next(), proxy.Upstream.Next());
        first.Send(Ok);
        second.Send(Ok);
        proxy.Upstream.Answer = _ => Ok;
        first.Take();
        second.Take();
        for (var i = 0; i < 6; i++)
        {
            proxy.AdvanceSeconds(2);
            one.Send(Get);
        }

        Assert.True(first.IsEnded);
        Assert.Equal((1, 1, 0), (proxy.ClusterMetrics.ConnectionsIdleTimeout, proxy.ClusterMetrics.ConnectionsDestroyedLocal, proxy.ClusterMetrics.ConnectionsDestroyedRemote));
        Assert.False(second.IsOver);
        Assert.Equal(1, Pool(proxy).IdleCount);
        two.Send(Get);
        Assert.Equal(2, proxy.Upstream.Connections.Count);
    }

    [Fact]
    public void Connections_to_an_endpoint_that_was_removed_are_closed()
    {
        using var proxy = new ProxyFixture();
        var (one, two) = (proxy.Request(Get), proxy.Request(Get));
        var (idle, busy) = (proxy.Upstream.Next(), proxy.Upstream.Next());
        idle.Send(Ok);
        proxy.Role.Live.Clusters["app"].Endpoints.Current[0].IsRemoved = true;
        proxy.AdvanceSeconds(1.5);
        Assert.True(idle.IsEnded);
        Assert.False(busy.IsOver);
        busy.Send(Ok);
        Assert.True(busy.IsEnded);
        two.TakeHead();
    }

    [Fact]
    public void A_cluster_that_changed_closes_its_idle_connections_and_lets_the_others_finish()
    {
        using var proxy = new ProxyFixture();
        var (one, two) = (proxy.Request(Get), proxy.Request(Get));
        var (idle, busy) = (proxy.Upstream.Next(), proxy.Upstream.Next());
        idle.Send(Ok);
        proxy.Reload(ProxyFixture.Make(cluster: cluster => cluster with { ConnectTimeout = TimeSpan.FromSeconds(1) }));
        Assert.True(idle.IsEnded);
        busy.Send(Ok);
        Assert.StartsWith("HTTP/1.1 200 ", two.TakeHead());
        Assert.True(busy.IsEnded);
        one.Take();
        one.Send(Get);
        proxy.Upstream.Next().Send(Ok);
        Assert.StartsWith("HTTP/1.1 200 ", one.TakeHead());
    }

    [Fact]
    public void An_idle_limit_shortens_and_leaves_a_margin_and_is_forgotten_after_ten_minutes()
    {
        var limit = new IdleLimit(TimeSpan.FromHours(1));
        Assert.Equal(3_600_000, limit.At(0));
        limit.Announced(60, 0);
        Assert.Equal(58_000, limit.At(0));
        limit.Announced(5, 0);
        Assert.Equal(4_500, limit.At(0));
        limit.Announced(uint.MaxValue, 0);
        limit.ClosedAfter(100, 0);
        Assert.Equal(4_500, limit.At(0));
        limit.ClosedAfter(1_000, 0);
        Assert.Equal(900, limit.At(0));
        limit.Announced(0, 0);
        Assert.Equal(1, limit.At(0));
        Assert.Equal(1, limit.At(10 * 60 * 1000));
        Assert.Equal(3_600_000, limit.At((10 * 60 * 1000) + 1));
    }

    private static UpstreamPool Pool(ProxyFixture proxy) => proxy.Role.Live.Clusters["app"].On(proxy.Role.Loops[0]).Pool;

    private static int ConnectionsAfter(ProxyFixture proxy, double seconds)
    {
        var client = proxy.Request(Get);
        proxy.AdvanceSeconds(seconds);
        client.Send(Get);
        return proxy.Upstream.Connections.Count;
    }
}
