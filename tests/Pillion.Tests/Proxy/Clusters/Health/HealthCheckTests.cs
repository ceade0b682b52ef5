using Pillion.Net.InMemory;
using Pillion.Proxy.Configuration;
using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Proxy.Clusters.Health;

/// <summary>Endpoints that are asked whether they serve.</summary>
public sealed class HealthCheckTests
{
    private const string Serving = "\0\0\0\0\u0002\u0008\u0001";
    private const string NotServing = "\0\0\0\0\u0002\u0008\u0002";

    private string _second = Serving;

    [Fact]
    public void The_first_answer_decides_and_then_the_thresholds_do()
    {
        _second = NotServing;
        using var proxy = Fixture(out _);
        Assert.Equal((2, 1), (proxy.Role.Live.Clusters["app"].Endpoints.All.Count, proxy.Role.Live.Clusters["app"].Endpoints.Current.Count));
        Assert.Equal(1, Volatile.Read(ref proxy.Metrics.Cluster("app", proxy.Metrics.OffLoop).EndpointsHealthy));
        _second = Serving;
        proxy.AdvanceSeconds(11.5);
        Assert.Equal(1, Current(proxy));
        proxy.AdvanceSeconds(11.5);
        Assert.Equal(2, Current(proxy));
        _second = NotServing;
        proxy.AdvanceSeconds(11.5);
        Assert.Equal(2, Current(proxy));
        proxy.AdvanceSeconds(11.5);
        Assert.Equal(1, Current(proxy));
        Assert.Contains(proxy.Logger.Lines, line => line.Text.Contains("127.0.0.1:8081 failed 2 health checks in a row and was taken out: it says that it does not serve", StringComparison.Ordinal));
    }

    [Fact]
    public void An_endpoint_that_does_not_answer_in_time_fails_its_check()
    {
        _second = "";
        using var proxy = Fixture(out var second);
        Assert.Equal(2, Current(proxy));
        proxy.AdvanceSeconds(3.1);
        Assert.Equal(1, Current(proxy));
        Assert.True(second.Http2[0].Calls[0].IsCancelled);
    }

    [Fact]
    public void An_endpoint_that_cannot_be_connected_to_fails_its_check()
    {
        using var proxy = Fixture(out var second);
        second.Close();
        second.Http2[0].Abort();
        proxy.AdvanceSeconds(25);
        Assert.Equal(1, Current(proxy));
    }

    [Fact]
    public void With_most_of_them_failing_all_are_used()
    {
        using var proxy = Fixture(out var second);
        second.Close();
        proxy.Upstream.Close();
        second.Http2[0].Abort();
        proxy.Upstream.Http2[0].Abort();
        proxy.AdvanceSeconds(25);
        Assert.Equal(2, Current(proxy));
        Assert.Equal(0, Volatile.Read(ref proxy.Metrics.Cluster("app", proxy.Metrics.OffLoop).EndpointsHealthy));
    }

    [Fact]
    public void A_cluster_that_is_retired_asks_no_more_and_keeps_no_connection()
    {
        _second = "";
        using var proxy = Fixture(out var second);
        Assert.Single(second.Http2[0].Calls);
        proxy.Reload(ProxyFixture.Make());
        proxy.AdvanceSeconds(1.5);
        Assert.NotNull(proxy.Upstream.Http2[0].End);
        Assert.NotNull(second.Http2[0].End);
        proxy.AdvanceSeconds(30);
        Assert.Single(second.Http2);
        Assert.Equal(0, proxy.ClusterMetrics.ConnectionsActive);
    }

    private static int Current(ProxyFixture proxy) => proxy.Role.Live.Clusters["app"].Endpoints.Current.Count;

    private ProxyFixture Fixture(out ScriptedUpstream second)
    {
        // Nothing listens before the role has begun to check: the checks wait for the loop.
        var proxy = new ProxyFixture();
        proxy.Upstream.SpeakHttp2(answer: call => call.AnswerAsync(body: Serving, trailers: "grpc-status: 0\n", fields: ("content-type", "application/grpc")));
        second = proxy.Listen(8081);
        second.SpeakHttp2(answer: call => _second.Length == 0 ? Task.CompletedTask : call.AnswerAsync(body: _second, trailers: "grpc-status: 0\n", fields: ("content-type", "application/grpc")));
        proxy.Reload(ProxyFixture.Make(cluster: app => app with
        {
            Protocol = HttpProtocol.Http2,
            Endpoints = [ProxyFixture.Endpoint(8080), ProxyFixture.Endpoint(8081)],
            HealthChecks = [new HealthCheckConfig { NoTrafficInterval = TimeSpan.FromSeconds(10), IntervalJitterPercent = 10 }],
        }));
        return proxy;
    }
}
