using Pillion.Core.Configuration;
using Pillion.Core.Signals.Metrics;
using Pillion.Proxy.Clusters;
using Pillion.Proxy.Clusters.Outliers;
using Pillion.Proxy.Configuration;
using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Proxy.Clusters.Outliers;

/// <summary>Endpoints that fail, in simulated time: Envoy's table of knobs row by row, through the whole proxy.</summary>
public sealed class OutlierDetectionTests
{
    private const string Ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

    // What the last of the endpoints answers; the others answer 200.
    private string? _answer = Status(500);

    [Theory]
    [InlineData(500)]
    [InlineData(503)]
    [InlineData(599)]
    public void Five_answers_5xx_in_a_row_eject_for_thirty_seconds(int status)
    {
        _answer = Status(status);
        using var proxy = Fixture(new());
        AskEach(proxy, 4);
        Assert.False(Last(proxy).IsEjected);
        AskEach(proxy, 1);
        Assert.True(Last(proxy).IsEjected);
        Assert.Equal(3, proxy.Role.Live.Clusters["app"].Endpoints.Current.Count);
        Assert.Contains(proxy.Logger.Lines, line => line.Text.Contains("127.0.0.1:8083 was ejected for 30 s by consecutive_5xx: 5 failures in a row; 1 of 4 are ejected", StringComparison.Ordinal));
        var counts = proxy.ClusterMetrics.Outliers;
        Assert.Equal((1, 1, 1, 0), (counts.Active, counts.Detected[0], counts.Enforced[0], counts.Enforced[1]));

        // Who may come back is looked at every ten seconds.
        proxy.AdvanceSeconds(29);
        Assert.True(Last(proxy).IsEjected);
        proxy.AdvanceSeconds(11);
        Assert.False(Last(proxy).IsEjected);
        Assert.Equal(0, counts.Active);
    }

    [Fact]
    public void An_answer_that_is_no_5xx_begins_the_row_again()
    {
        using var proxy = Fixture(new());
        for (var i = 0; i < 4; i++)
        {
            _answer = Status(500);
            AskEach(proxy, 4);
            _answer = Status(i % 2 == 0 ? 499 : 200);
            AskEach(proxy, 1);
        }

        Assert.False(Last(proxy).IsEjected);
    }

    [Fact]
    public void Each_further_ejection_is_longer_up_to_the_longest()
    {
        using var proxy = Fixture(new() { MaxEjectionTime = TimeSpan.FromSeconds(70) });
        foreach (var seconds in new[] { 30, 60, 70, 70 })
        {
            AskEach(proxy, 5);
            Assert.True(Last(proxy).IsEjected);
            Assert.Contains(proxy.Logger.Lines, line => line.Text.Contains($"was ejected for {seconds} s", StringComparison.Ordinal));
            Assert.InRange(SecondsUntilBack(proxy), seconds, seconds + 11);
        }
    }

    [Fact]
    public void Every_interval_in_order_takes_one_ejection_off()
    {
        using var proxy = Fixture(new());
        AskEach(proxy, 5);
        SecondsUntilBack(proxy);
        AskEach(proxy, 5);
        Assert.Single(proxy.Logger.Lines, line => line.Text.Contains("was ejected for 60 s", StringComparison.Ordinal));
        SecondsUntilBack(proxy);
        proxy.AdvanceSeconds(21);
        AskEach(proxy, 5);
        Assert.Equal(2, proxy.Logger.Lines.Count(line => line.Text.Contains("was ejected for 30 s", StringComparison.Ordinal)));
    }

    [Fact]
    public void Gateway_failures_are_counted_and_eject_only_where_that_is_enforced()
    {
        _answer = Status(503);
        using var counted = Fixture(new() { Consecutive5xx = 0 });
        AskEach(counted, 5);
        Assert.False(Last(counted).IsEjected);
        Assert.Equal((1, 0), (counted.ClusterMetrics.Outliers.Detected[1], counted.ClusterMetrics.Outliers.Enforced[1]));

        using var enforced = Fixture(new() { Consecutive5xx = 0, Enforced = [100, 100, 100, 100, 100, 0, 0] });
        AskEach(enforced, 4);
        _answer = Status(500);
        AskEach(enforced, 1);
        _answer = Status(502);
        AskEach(enforced, 4);
        Assert.False(Last(enforced).IsEjected);
        AskEach(enforced, 1);
        Assert.True(Last(enforced).IsEjected);
    }

    [Fact]
    public void No_answer_counts_as_a_5xx()
    {
        using var proxy = Fixture(new(), out var last);
        last.Close();
        AskEach(proxy, 5);
        Assert.True(Last(proxy).IsEjected);
    }

    [Fact]
    public void A_time_out_counts_as_a_gateway_failure()
    {
        _answer = null;
        using var proxy = Fixture(new() { Consecutive5xx = 0, Enforced = [0, 100, 0, 0, 0, 0, 0] });
        for (var i = 0; i < 5; i++)
        {
            AskEach(proxy, 1);
            proxy.AdvanceSeconds(16);
        }

        Assert.True(Last(proxy).IsEjected);
    }

    [Fact]
    public void What_we_notice_ourselves_can_be_counted_apart()
    {
        _answer = Status(500);
        using var proxy = Fixture(new() { SplitLocalOrigin = true, Consecutive5xx = 3 }, out var last);
        AskEach(proxy, 2);
        last.Close();
        last.Connections.ForEach(connection => connection.Reset());
        AskEach(proxy, 4);
        Assert.False(Last(proxy).IsEjected);
        AskEach(proxy, 1);
        Assert.True(Last(proxy).IsEjected);
        Assert.Equal((0, 1), (proxy.ClusterMetrics.Outliers.Enforced[0], proxy.ClusterMetrics.Outliers.Enforced[2]));
    }

    [Fact]
    public void A_client_that_leaves_says_nothing_of_the_endpoint()
    {
        _answer = null;
        using var proxy = Fixture(new() { Consecutive5xx = 1 });
        for (var i = 0; i < 8; i++)
        {
            proxy.Get().Reset();
        }

        Assert.All(proxy.Role.Live.Clusters["app"].Endpoints.All.AsSpan().ToArray(), endpoint => Assert.False(endpoint.IsEjected));
    }

    [Theory]
    [InlineData(10, 1)]
    [InlineData(0, 1)]
    [InlineData(26, 2)]
    [InlineData(100, 4)]
    public void No_more_are_ejected_than_the_share_allows_but_one_always_may_be(int percent, int ejected)
    {
        using var proxy = Fixture(new() { MaxEjectionPercent = percent }, out _, all: true);
        AskEach(proxy, 12);
        Assert.Equal(ejected, proxy.Role.Live.Clusters["app"].Endpoints.All.AsSpan().ToArray().Count(endpoint => endpoint.IsEjected));
        Assert.True(ejected == 4 || proxy.ClusterMetrics.Outliers.Overflow > 0);
    }

    [Fact]
    public void A_gRPC_call_is_judged_by_its_own_status_also_where_that_stands_in_the_trailers()
    {
        using var proxy = new ProxyFixture(cluster: app => app with { Protocol = HttpProtocol.Http2, Outliers = new() { Consecutive5xx = 3 } });
        var status = "3";
        proxy.Upstream.SpeakHttp2(answer: call => call.AnswerAsync(body: "", trailers: $"grpc-status: {status}\n", fields: ("content-type", "application/grpc")));
        Ask(4);
        Assert.False(proxy.Role.Live.Clusters["app"].Endpoints.All[0].IsEjected);
        status = "14";
        Ask(3);
        Assert.True(proxy.Role.Live.Clusters["app"].Endpoints.All[0].IsEjected);

        void Ask(int times)
        {
            for (var i = 0; i < times; i++)
            {
                proxy.Request("POST /a.B/C HTTP/1.1\r\nHost: a\r\nContent-Type: application/grpc\r\nTE: trailers\r\nContent-Length: 0\r\n\r\n");
            }
        }
    }

    [Fact]
    public void An_endpoint_that_succeeds_less_often_than_the_others_is_ejected()
    {
        var asked = 0;
        using var proxy = Fixture(new() { Consecutive5xx = 0, SuccessRateMinHosts = 4 }, out var last);
        last.Answer = _ => asked++ % 2 == 0 ? Status(500) : Ok;
        AskEach(proxy, 99);
        proxy.AdvanceSeconds(11);
        Assert.False(Last(proxy).IsEjected);
        AskEach(proxy, 100);
        proxy.AdvanceSeconds(10);

        // With four of them 1.9 deviations are never reached: the farthest that one of n can be is the root of n - 1.
        Assert.False(Last(proxy).IsEjected);

        using var five = Fixture(new() { Consecutive5xx = 0, SuccessRateFactor = 1500 }, out last, count: 5);
        last.Answer = _ => asked++ % 2 == 0 ? Status(500) : Ok;
        AskEach(five, 100, count: 5);
        five.AdvanceSeconds(10.1);
        Assert.True(Last(five).IsEjected);
        Assert.Equal(1, five.ClusterMetrics.Outliers.Enforced[3]);
    }

    [Fact]
    public void An_endpoint_of_which_a_fixed_share_fails_is_ejected_where_that_is_enforced()
    {
        var asked = 0;
        using var proxy = Fixture(new() { Consecutive5xx = 0, Enforced = [0, 0, 0, 0, 0, 100, 0] }, out var last, count: 5);
        last.Answer = _ => asked++ % 10 == 0 ? Ok : Status(500);
        AskEach(proxy, 49, count: 5);
        proxy.AdvanceSeconds(10.1);
        Assert.False(Last(proxy).IsEjected);
        AskEach(proxy, 50, count: 5);
        proxy.AdvanceSeconds(10.1);
        Assert.True(Last(proxy).IsEjected);
        Assert.Equal(1, proxy.ClusterMetrics.Outliers.Enforced[5]);
    }

    [Theory]
    [InlineData(new double[] { 100, 100, 100, 100, 0 }, 100, 4.0, null)]
    [InlineData(new double[] { 100, 100, 100, 100, 50 }, 100, 52.0, 4)]
    [InlineData(new double[] { 100, 100, 100, 100 }, 100, null, null)]
    [InlineData(new double[] { 100, 100, 100, 100, 50 }, 99, null, null)]
    public void The_threshold_is_the_mean_less_so_many_deviations(double[] rates, int volume, double? threshold, int? outlier)
    {
        var endpoints = rates.Select((rate, i) => new OutlierRate(new Endpoint(new Pillion.Net.Address("127.0.0.1", i + 1), new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, i + 1), 1), volume, rate)).ToArray();
        var config = new OutlierConfig();
        if (threshold == 4.0)
        {
            // Population deviation 40: 80 - 1.9 × 40 = 4, and 0 is below.
            Assert.Equal(4, OutlierRates.Threshold(endpoints, config)!.Value, 6);
            Assert.Same(endpoints[4].Endpoint, Assert.Single(OutlierRates.BelowThreshold(endpoints, config)).Endpoint);
            return;
        }

        Assert.Equal(threshold, OutlierRates.Threshold(endpoints, config) is { } value ? Math.Round(value, 6) : null);
        Assert.Equal(outlier is { } at ? [endpoints[at].Endpoint] : [], OutlierRates.BelowThreshold(endpoints, config).Select(rate => rate.Endpoint));
    }

    [Fact]
    public void With_a_probe_one_request_decides_whether_the_others_may_follow()
    {
        using var proxy = Fixture(new() { Probe = true }, out var last);
        AskEach(proxy, 5);
        proxy.AdvanceSeconds(40);
        Assert.True(Last(proxy).IsEjected);
        var before = last.Requests.Count;
        AskEach(proxy, 3);
        Assert.Equal(before + 1, last.Requests.Count);
        Assert.Contains(proxy.Logger.Lines, line => line.Text.Contains("the one request that 127.0.0.1:8083 got failed and it stays ejected for 60 s", StringComparison.Ordinal));

        _answer = Ok;
        proxy.AdvanceSeconds(50);
        AskEach(proxy, 1);
        Assert.Equal(before + 1, last.Requests.Count);
        proxy.AdvanceSeconds(20);
        proxy.Get();
        Assert.Equal(before + 2, last.Requests.Count);
        Assert.False(Last(proxy).IsEjected);
        Assert.Contains(proxy.Logger.Lines, line => line.Text.Contains("its one request succeeded", StringComparison.Ordinal));
    }

    [Fact]
    public void A_probe_whose_client_left_is_given_to_another()
    {
        using var proxy = Fixture(new() { Probe = true }, out var last);
        AskEach(proxy, 5);
        proxy.AdvanceSeconds(40);
        _answer = null;
        var before = last.Requests.Count;
        var left = proxy.Get();
        Assert.Equal(before + 1, last.Requests.Count);
        proxy.Get();
        Assert.Equal(before + 1, last.Requests.Count);
        left.Reset();
        _answer = Ok;
        proxy.Get();
        Assert.Equal(before + 2, last.Requests.Count);
        Assert.False(Last(proxy).IsEjected);
    }

    [Fact]
    public void An_ejected_endpoint_keeps_no_idle_connections()
    {
        using var proxy = Fixture(new(), out var last);
        _answer = Ok;
        AskEach(proxy, 1);
        Assert.Contains(last.Connections, connection => !connection.IsOver);
        _answer = Status(500);
        AskEach(proxy, 5);
        Assert.All(last.Connections, connection => Assert.True(connection.IsOver));
    }

    [Fact]
    public void A_reload_with_other_numbers_begins_anew()
    {
        using var proxy = Fixture(new());
        AskEach(proxy, 5);
        proxy.Reload(Config(new() { Consecutive5xx = 7 }, 4));
        Assert.False(Last(proxy).IsEjected);
        AskEach(proxy, 6);
        Assert.False(Last(proxy).IsEjected);
        AskEach(proxy, 1);
        Assert.True(Last(proxy).IsEjected);
    }

    [Fact]
    public void Failures_of_many_threads_are_counted_once_each()
    {
        var state = new OutlierState();
        var seen = new int[40_001];
        var threads = Enumerable.Range(0, 4).Select(_ => new Thread(() =>
        {
            for (var i = 0; i < 10_000; i++)
            {
                Interlocked.Increment(ref seen[state.CountInARow(OutlierReason.Consecutive5xx)]);
                state.CountExternal(i % 4 == 0);
            }
        })).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());
        Assert.All(seen.Skip(1), count => Assert.Equal(1, count));
        Assert.Equal((40_000, 10_000), state.TakeExternal());
        Assert.Equal((0, 0), state.TakeExternal());
    }

    private static int SecondsUntilBack(ProxyFixture proxy)
    {
        var seconds = 0;
        for (; Last(proxy).IsEjected; seconds++)
        {
            Assert.True(seconds < 400, "it does not come back");
            proxy.AdvanceSeconds(1);
        }

        return seconds;
    }

    private static string Status(int status) => $"HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n";

    private static Endpoint Last(ProxyFixture proxy) => proxy.Role.Live.Clusters["app"].Endpoints.All.AsSpan()[^1];

    // Round robin: each endpoint that is in gets so many.
    private static void AskEach(ProxyFixture proxy, int times, int count = 4)
    {
        var client = proxy.Connect();
        for (var i = 0; i < times * count; i++)
        {
            if (client.IsOver)
            {
                client = proxy.Connect();
            }

            var before = client.BytesReceived;
            client.Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
            if (client.BytesReceived == before)
            {
                client = proxy.Connect();
            }

            _ = client.Take();
        }
    }

    private static ProxyConfig Config(OutlierConfig outliers, int count) => ProxyFixture.Make(cluster: app => app with
    {
        Endpoints = new ValueList<EndpointConfig>([.. Enumerable.Range(8080, count).Select(ProxyFixture.Endpoint)]),
        Outliers = outliers,
    });

    private ProxyFixture Fixture(OutlierConfig outliers) => Fixture(outliers, out _);

    private ProxyFixture Fixture(OutlierConfig outliers, out ScriptedUpstream last, bool all = false, int count = 4)
    {
        var proxy = new ProxyFixture();
        proxy.Upstream.Answer = _ => all ? _answer : Ok;
        last = null!;
        for (var port = 8081; port < 8080 + count; port++)
        {
            last = proxy.Listen(port);
            last.Answer = _ => all ? _answer : Ok;
        }

        last.Answer = _ => _answer;
        proxy.Reload(Config(outliers, count));
        return proxy;
    }
}
