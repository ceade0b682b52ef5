using Pillion.Core.Signals.Metrics;
using Pillion.Net.Tls;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Telemetry;
using Pillion.Tests.Core.Signals;
using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Proxy.Telemetry;

/// <summary>Rate, errors and duration of routes and of callers.</summary>
public sealed class RedTests
{
    [Fact]
    public void A_route_counts_its_requests_its_errors_and_how_long_they_took()
    {
        using var proxy = new ProxyFixture();
        var status = 200;
        proxy.Upstream.Answer = _ => $"HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n";
        proxy.Get();
        status = 404;
        proxy.Get();
        status = 500;
        proxy.Get();
        proxy.Upstream.Close();
        proxy.Upstream.Connections.ForEach(connection => connection.Send("", end: true));
        proxy.Get();

        var route = proxy.Metrics.Route("any", "all", 0);
        Assert.Equal((4, 2, 1, 1, 2), (route.Requests, route.Errors, route.Statuses.Of(2), route.Statuses.Of(4), route.Statuses.Of(5)));
        var series = proxy.Metrics.Collect().Where(family => family.Scope.Name == "route").SelectMany(family => family.Series.Select(one => (Name: family.PrometheusName(MetricNaming.Pillion), Labels: string.Join(",", family.Scope.Labels(one.Owner, false)), one)));
        Assert.Contains(series, one => one is { Name: "pillion_route_request_duration_seconds", Labels: "(virtual_host, any),(route, all)", one.Samples: 4 });
        Assert.Contains(series, one => one is { Name: "pillion_route_responses_total", one: { LabelValue: "5xx", Value: 2 } });
        Assert.Contains(series, one => one is { Name: "pillion_route_failures_total", one: { LabelValue: "connect_refused", Value: 1 } });
    }

    [Fact]
    public void A_client_that_leaves_is_no_error_of_the_route()
    {
        using var proxy = new ProxyFixture();
        var client = proxy.Get();
        client.Reset();
        var route = proxy.Metrics.Route("any", "all", 0);
        Assert.Equal((1, 0), (route.Requests, route.Errors));
    }

    [Fact]
    public void A_route_that_a_reload_takes_away_is_forgotten_after_a_while()
    {
        using var proxy = new ProxyFixture();
        proxy.Upstream.Answer = _ => "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
        proxy.Get();
        var listener = proxy.Config.Listeners[0];
        var http = listener.Chains[0].Http!;
        var host = http.Routes.VirtualHosts[0];
        proxy.Reload(proxy.Config with
        {
            Listeners = [listener with { Chains = [listener.Chains[0] with { Http = http with { Routes = new RouteTableConfig { VirtualHosts = [host with { Routes = [host.Routes[0] with { Name = "other" }] }] } } }] }],
        });
        Assert.Contains(Routes(proxy), owner => owner == "any\nall");
        proxy.Clock.Advance(TimeSpan.FromMinutes(11));
        Assert.DoesNotContain(Routes(proxy), owner => owner == "any\nall");

        static IEnumerable<string> Routes(ProxyFixture proxy) => proxy.Metrics.Collect(usedOnly: false).Where(family => family.Scope.Name == "route").SelectMany(family => family.Series).Select(series => series.Owner);
    }

    [Fact]
    public void However_many_callers_come_the_series_are_bounded_and_none_is_lost()
    {
        var metrics = new MetricRegistry(1, new ManualTimeProvider(), capacity: 10);
        var cells = new PeerCells(metrics, 0);
        var record = Sample.Served();
        for (var i = 0; i < 5000; i++)
        {
            cells.Of($"spiffe://test/{i % 2500}").Count(record);
        }

        var families = metrics.Collect().Where(family => family.Scope.Name == "peer").ToList();
        var requests = families.Single(family => family.Name == "requests");
        Assert.Equal((11, 5000.0), (requests.Series.Count, requests.Series.Sum(series => series.Value)));
        Assert.Contains(requests.Series, series => series is { Owner: LabelledCounts.Overflow, Value: 4980 });
    }
}
