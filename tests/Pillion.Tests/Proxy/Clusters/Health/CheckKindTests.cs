using Pillion.Core.Configuration;
using Pillion.Proxy.Clusters;
using Pillion.Proxy.Clusters.Health;
using Pillion.Proxy.Configuration;
using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Proxy.Clusters.Health;

/// <summary>Checks by HTTP and by bytes, and when they come.</summary>
public sealed class CheckKindTests
{
    private const string Ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

    private static readonly HealthCheckConfig Http = new() { Kind = HealthCheckKind.Http, Path = "/healthz?deep=1", NoTrafficInterval = TimeSpan.FromSeconds(10) };

    [Fact]
    public void A_check_by_HTTP_asks_for_its_path_with_its_fields()
    {
        using var proxy = Fixture(Http with { Authority = "orders.internal", Method = "HEAD", Headers = [new("X-Check", "1")] }, out var second);
        Assert.Equal("HEAD /healthz?deep=1 HTTP/1.1\r\nHost: orders.internal\r\nUser-Agent: pillion-health-check\r\nX-Check: 1\r\n\r\n", second.Requests[0], ignoreCase: true);
        Assert.Equal((2, 2, 0, 0), Counts(proxy));
    }

    [Theory]
    [InlineData(200, true)]
    [InlineData(204, false)]
    [InlineData(503, false)]
    public void An_unexpected_status_takes_an_endpoint_out_at_once(int status, bool stays)
    {
        using var proxy = Fixture(Http with { UnhealthyThreshold = 3 }, out var second);
        proxy.AdvanceSeconds(1);
        second.Answer = _ => Status(status);
        proxy.AdvanceSeconds(10);
        Assert.Equal(stays, !Second(proxy).IsUnhealthy);
        if (!stays)
        {
            Assert.Contains(proxy.Logger.Lines, line => line.Text.Contains($"127.0.0.1:8081 failed 1 health checks in a row and was taken out: it answered {status}", StringComparison.Ordinal));
        }
    }

    [Fact]
    public void A_retriable_status_counts_as_one_failure()
    {
        using var proxy = Fixture(Http with { UnhealthyThreshold = 2, RetriableStatuses = [new(500, 599)], ExpectedStatuses = [new(200, 204)] }, out var second);
        second.Answer = _ => Status(503);
        proxy.AdvanceSeconds(10.5);
        Assert.False(Second(proxy).IsUnhealthy);
        proxy.AdvanceSeconds(10);
        Assert.True(Second(proxy).IsUnhealthy);
        second.Answer = _ => Status(204);
        proxy.AdvanceSeconds(10);
        Assert.True(Second(proxy).IsUnhealthy);
        proxy.AdvanceSeconds(10);
        Assert.False(Second(proxy).IsUnhealthy);
    }

    [Fact]
    public void No_answer_counts_towards_the_threshold()
    {
        using var proxy = Fixture(Http with { UnhealthyThreshold = 2 }, out var second);
        second.Answer = _ => null;
        proxy.AdvanceSeconds(14);
        Assert.False(Second(proxy).IsUnhealthy);
        proxy.AdvanceSeconds(14);
        Assert.True(Second(proxy).IsUnhealthy);
        Assert.Equal(2, proxy.ClusterMetrics.HealthNetworkFailures);
    }

    [Fact]
    public void An_endpoint_that_is_taken_out_keeps_no_idle_connections()
    {
        using var proxy = Fixture(Http, out var second);
        for (var i = 0; i < 4; i++)
        {
            proxy.Get();
        }

        Assert.Contains(second.Connections, connection => !connection.IsOver);
        second.Answer = _ => Status(500);
        proxy.AdvanceSeconds(10.5);
        Assert.True(Second(proxy).IsUnhealthy);
        Assert.All(second.Connections, connection => Assert.True(connection.IsOver));
    }

    [Theory]
    [InlineData(true, 1)]
    [InlineData(false, 4)]
    public void Checks_share_a_connection_or_have_their_own(bool reuses, int connections)
    {
        using var proxy = Fixture(Http with { ReuseConnection = reuses }, out var second);
        proxy.AdvanceSeconds(31);
        Assert.Equal(4, second.Requests.Count);
        Assert.Equal(connections, second.Connections.Count);
        Assert.Equal(reuses, second.Connections.Exists(connection => !connection.IsOver));
    }

    [Fact]
    public void A_busy_cluster_is_checked_all_the_same()
    {
        using var proxy = Fixture(Http, out var second, new() { MaxConnections = new(1), MaxRequests = new(1), MaxPending = new(1) });
        proxy.Upstream.Answer = second.Answer = request => request.Contains("/healthz", StringComparison.Ordinal) ? Ok : null;
        proxy.Get();
        proxy.Get();
        proxy.AdvanceSeconds(11);
        Assert.Equal((4, 4, 0, 0), Counts(proxy));
        Assert.Equal(0, proxy.ClusterMetrics.Outliers.Active);
    }

    [Fact]
    public void A_cluster_that_nobody_uses_is_checked_less_often()
    {
        using var proxy = Fixture(Http with { NoTrafficInterval = TimeSpan.FromSeconds(60) }, out var second);
        proxy.AdvanceSeconds(59);
        Assert.Single(second.Requests);
        proxy.AdvanceSeconds(2);
        Assert.Equal(2, second.Requests.Count);
        proxy.Get();
        second.Requests.Clear();
        proxy.AdvanceSeconds(60);
        second.Requests.Clear();
        proxy.AdvanceSeconds(30);
        Assert.Equal(3, second.Requests.Count);
    }

    [Fact]
    public void A_check_by_bytes_says_something_and_waits_for_what_must_come()
    {
        var check = new HealthCheckConfig { Kind = HealthCheckKind.Tcp, Send = Hex("PING\r\n"), Receive = [Hex("+PO"), Hex("\r\n")], NoTrafficInterval = TimeSpan.FromSeconds(10), UnhealthyThreshold = 1 };
        using var proxy = Fixture(check, out var second, prepare: upstream => upstream.Takes = null);
        var first = proxy.Upstream.Next();
        var peer = second.Next();
        Assert.Equal("PING\r\n", peer.Take());
        peer.Send("garbage +P");
        peer.Send("O");
        peer.Send("NG\r");
        Assert.False(peer.IsOver);
        peer.Send("\n");
        Assert.True(peer.IsOver);
        first.Send("-ERR loading\r\n");
        proxy.AdvanceSeconds(4);
        Assert.True(first.IsOver);
        Assert.True(proxy.Role.Live.Clusters["app"].Endpoints.All[0].IsUnhealthy);
        Assert.False(Second(proxy).IsUnhealthy);
        Assert.Equal(0, proxy.ClusterMetrics.ConnectionsActive);
    }

    [Fact]
    public void A_server_that_says_too_much_or_closes_is_not_waited_for()
    {
        var check = new HealthCheckConfig { Kind = HealthCheckKind.Tcp, Receive = [Hex("ready")], UnhealthyThreshold = 1 };
        using var proxy = Fixture(check, out var second, prepare: upstream => upstream.Takes = null);
        second.Next().Send(new string('x', 70_000));
        proxy.Upstream.Next().End();
        Assert.True(Second(proxy).IsUnhealthy);
        Assert.True(proxy.Role.Live.Clusters["app"].Endpoints.All[0].IsUnhealthy);
        Assert.Contains(proxy.Logger.Lines, line => line.Text.Contains("it did not say what is expected (1 of 1): it said too much", StringComparison.Ordinal));
    }

    [Fact]
    public void Without_anything_to_say_a_check_by_bytes_only_connects()
    {
        using var proxy = Fixture(new HealthCheckConfig { Kind = HealthCheckKind.Tcp, NoTrafficInterval = TimeSpan.FromSeconds(10) }, out var second, prepare: upstream => upstream.Takes = null);
        Assert.True(second.Next().IsOver);
        second.Close();
        proxy.AdvanceSeconds(21);
        Assert.True(Second(proxy).IsUnhealthy);
    }

    [Fact]
    public void A_health_check_that_passes_ends_an_ejection()
    {
        using var proxy = Fixture(Http with { NoTrafficInterval = TimeSpan.FromSeconds(5), Interval = TimeSpan.FromSeconds(5) }, out var second, outliers: new() { Consecutive5xx = 2 });
        proxy.AdvanceSeconds(1);
        second.Answer = request => request.Contains("/healthz", StringComparison.Ordinal) ? Ok : Status(500);
        for (var i = 0; i < 4; i++)
        {
            proxy.Get();
        }

        Assert.True(Second(proxy).IsEjected);
        proxy.AdvanceSeconds(5);
        Assert.False(Second(proxy).IsEjected);
        Assert.Contains(proxy.Logger.Lines, line => line.Text.Contains("127.0.0.1:8081 is used again: a health check passed", StringComparison.Ordinal));
    }

    [Theory]
    // What the last check found, what the endpoint is taken for, whether the cluster is used; seconds.
    [InlineData(true, true, true, 10)]
    [InlineData(true, false, true, 2)]
    [InlineData(false, false, true, 30)]
    [InlineData(false, true, true, 1)]
    [InlineData(true, true, false, 120)]
    [InlineData(false, true, false, 60)]
    [InlineData(false, false, false, 60)]
    public void The_next_check_comes_after_the_interval_of_its_case(bool isGood, bool isHealthy, bool isUsed, int seconds)
    {
        var config = new HealthCheckConfig
        {
            Interval = TimeSpan.FromSeconds(10),
            UnhealthyInterval = TimeSpan.FromSeconds(30),
            UnhealthyEdgeInterval = TimeSpan.FromSeconds(1),
            HealthyEdgeInterval = TimeSpan.FromSeconds(2),
            NoTrafficInterval = TimeSpan.FromSeconds(60),
            NoTrafficHealthyInterval = TimeSpan.FromSeconds(120),
        };
        Assert.Equal(TimeSpan.FromSeconds(seconds), new CheckState(config, isHealthy).Interval(isGood, isUsed));
    }

    [Fact]
    public void Jitter_adds_up_to_its_share_and_never_takes_away()
    {
        var state = new CheckState(new() { IntervalJitter = TimeSpan.FromSeconds(1), IntervalJitterPercent = 50 }, isHealthy: true);
        var random = new Random(1);
        var waits = Enumerable.Range(0, 1000).Select(_ => state.WithJitter(TimeSpan.FromSeconds(10), random).TotalSeconds).ToList();
        Assert.InRange(waits.Min(), 10, 10.5);
        Assert.InRange(waits.Max(), 15, 16);
    }

    private static string Hex(string text) => Convert.ToHexString(System.Text.Encoding.ASCII.GetBytes(text));

    private static string Status(int status) => $"HTTP/1.1 {status} X\r\n{(status == 204 ? "" : "Content-Length: 0\r\n")}\r\n";

    private static Endpoint Second(ProxyFixture proxy) => proxy.Role.Live.Clusters["app"].Endpoints.All[1];

    private static (long, long, long, long) Counts(ProxyFixture proxy) =>
        (proxy.ClusterMetrics.HealthAttempts, proxy.ClusterMetrics.HealthSuccesses, proxy.ClusterMetrics.HealthFailures, proxy.ClusterMetrics.HealthNetworkFailures);

    private static ProxyFixture Fixture(HealthCheckConfig check, out ScriptedUpstream second, CircuitBreakerConfig? circuits = null, OutlierConfig? outliers = null, Action<ScriptedUpstream>? prepare = null)
    {
        var proxy = new ProxyFixture();
        second = proxy.Listen(8081);
        if (prepare is null)
        {
            proxy.Upstream.Answer = second.Answer = request => request.StartsWith("HEAD", StringComparison.Ordinal) ? "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n" : Ok;
        }

        proxy.Reload(ProxyFixture.Make(cluster: app => app with
        {
            Endpoints = [ProxyFixture.Endpoint(8080), ProxyFixture.Endpoint(8081)],
            HealthChecks = [check],
            DefaultCircuits = circuits ?? new(),
            Outliers = outliers,
        }));
        return proxy;
    }
}
