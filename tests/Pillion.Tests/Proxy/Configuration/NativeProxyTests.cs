using Pillion.Core.Configuration.Roles;
using Pillion.Net;
using Pillion.Proxy.Configuration;
using Pillion.Tests.Configuration;
using Xunit;

namespace Pillion.Tests.Proxy.Configuration;

public sealed class NativeProxyTests
{
    private const string App = "app: { address: 127.0.0.1:8080 }\n";

    [Fact]
    public void A_file_that_only_names_the_application_opens_both_ways()
    {
        var config = Given.Config(App);

        var (inbound, outbound) = (config.Proxy.Listeners[0], config.Proxy.Listeners[1]);
        Assert.Equal(new Address("0.0.0.0", 15006), inbound.Address);
        Assert.Equal(TrafficDirection.Inbound, inbound.Direction);
        Assert.Equal(new Address("127.0.0.1", 15001), outbound.Address);
        Assert.True(outbound.Http!.ForwardProxy);
        Assert.Equal("/proxy/", outbound.Http!.ServicePathPrefix);
        Assert.False(inbound.Http!.ForwardProxy);
        Assert.Null(inbound.Http!.ServicePathPrefix);
        Assert.Equal(["app", "unknown_hosts"], config.Proxy.Clusters.Select(cluster => cluster.Name));
        Assert.Equal(new Address("127.0.0.1", 8080), config.Proxy.Clusters[0].Endpoints[0].Address);
        Assert.Equal("/dev/stdout", Assert.Single(inbound.Http!.AccessLogs).Path);
        Assert.Equal(new AdminConfig().Address, config.Admin.Address);
    }

    [Fact]
    public void An_outbound_side_alone_needs_no_application()
    {
        var config = Given.Config("outbound: { services: { a: { endpoints: a.internal:80 } } }\n");

        Assert.Equal("outbound", Assert.Single(config.Proxy.Listeners).Name);
        Assert.Null(config.App);
    }

    [Fact]
    public void A_service_is_a_virtual_host_of_its_names()
    {
        var outbound = Outbound("services: { payments: { endpoints: [dns://p.internal:8080], hosts: [pay.example, 'pay.example:8443', '*.pay.example'] } }");

        var host = outbound.Http!.Routes.VirtualHosts[0];
        Assert.Equal("payments", host.Name);
        Assert.Equal(["payments", "pay.example", "pay.example:8443", "*.pay.example"], host.Domains);
        var rest = Assert.IsType<ForwardConfig>(host.Routes[^1].Action);
        Assert.Equal("payments", rest.Cluster);
        Assert.Equal(TimeSpan.FromSeconds(15), rest.Timeout);
        Assert.Equal(RetryOn.ConnectFailure | RetryOn.RefusedStream, rest.Retry!.On);
        Assert.False(rest.Retry.UnsafeMethods);
    }

    [Fact]
    public void A_client_may_ask_for_a_tunnel_to_a_service()
    {
        var host = Outbound("services: { payments: { endpoints: 10.0.0.1:80 } }").Http!.Routes.VirtualHosts[0];

        var tunnel = host.Routes[^2];
        Assert.Equal(PathMatchKind.Connect, tunnel.Match.Path.Kind);
        Assert.True(Assert.IsType<ForwardConfig>(tunnel.Action).TerminateConnect);
    }

    [Fact]
    public void No_route_takes_a_tunnel_when_pillion_is_not_to_be_a_forward_proxy()
    {
        var outbound = Outbound("forward_proxy: false, services: { payments: { endpoints: 10.0.0.1:80 } }");

        Assert.DoesNotContain(outbound.Http!.Routes.VirtualHosts.SelectMany(host => host.Routes), route => route.Match.Path.Kind == PathMatchKind.Connect);
    }

    [Theory]
    [InlineData("allow", typeof(ForwardConfig))]
    [InlineData("refuse", typeof(DirectResponseConfig))]
    public void Hosts_that_no_service_covers_are_sent_on_or_refused(string choice, Type action)
    {
        var outbound = Outbound($"unknown_hosts: {choice}");

        var host = Assert.Single(outbound.Http!.Routes.VirtualHosts);
        Assert.Equal(["*"], host.Domains);
        Assert.All(host.Routes, route => Assert.IsType(action, route.Action));
    }

    [Theory]
    [InlineData("10.0.0.1:80", nameof(ClusterDiscovery.Static))]
    [InlineData("unix:/run/a.sock", nameof(ClusterDiscovery.Static))]
    [InlineData("dns://a.internal:80", nameof(ClusterDiscovery.StrictDns))]
    [InlineData("a.internal:80", nameof(ClusterDiscovery.StrictDns))]
    public void The_endpoints_say_how_they_are_found(string endpoint, string expected) =>
        Assert.Equal(expected, Given.Config($"outbound: {{ services: {{ a: {{ endpoints: ['{endpoint}'] }} }} }}\n").Proxy.Clusters[0].Discovery.ToString());

    [Fact]
    public void Retries_are_counted_with_the_first_try_included()
    {
        var config = Given.Config(App + "outbound: { services: { a: { endpoints: 10.0.0.1:80, retries: { on: [connect-failure, 503], attempts: 3, budget: 30%, budget_floor: 5 } } } }\n");

        var retry = Assert.IsType<ForwardConfig>(config.Proxy.Listeners[1].Http!.Routes.VirtualHosts[0].Routes[^1].Action).Retry!;
        Assert.Equal(2, retry.Retries);
        Assert.Equal(RetryOn.ConnectFailure | RetryOn.StatusCodes, retry.On);
        Assert.Equal([503], retry.StatusCodes);
        var cluster = config.Proxy.Clusters[1];
        Assert.Equal((30, 5), (cluster.RetryBudgetPercent, cluster.MinRetryConcurrency));
    }

    [Fact]
    public void A_route_inherits_what_its_service_says_and_may_say_otherwise()
    {
        var routes = Outbound("services: { a: { endpoints: 10.0.0.1:80, timeout: 3s, retries: off, routes: [{ prefix: /slow, timeout: 1m, retries: { on: 5xx } }, { prefix: /b, to: b }] }, b: { endpoints: 10.0.0.2:80 } }")
            .Http!.Routes.VirtualHosts[0].Routes;

        var slow = Assert.IsType<ForwardConfig>(routes[0].Action);
        Assert.Equal(TimeSpan.FromMinutes(1), slow.Timeout);
        Assert.Equal(RetryOn.ServerError, slow.Retry!.On);
        var other = Assert.IsType<ForwardConfig>(routes[1].Action);
        Assert.Equal(("b", TimeSpan.FromSeconds(3)), (other.Cluster, other.Timeout));
        Assert.Null(other.Retry);
    }

    [Theory]
    [InlineData("prefix: /api", nameof(PathMatchKind.SeparatedPrefix), "/api")]
    [InlineData("prefix: /api/", nameof(PathMatchKind.Prefix), "/api/")]
    [InlineData("starts_with: /api", nameof(PathMatchKind.Prefix), "/api")]
    [InlineData("path: /api", nameof(PathMatchKind.Exact), "/api")]
    [InlineData("regex: '/a[0-9]+'", nameof(PathMatchKind.Regex), "/a[0-9]+")]
    [InlineData("methods: GET", nameof(PathMatchKind.Prefix), "/")]
    public void A_route_matches_a_path(string match, string kind, string value) =>
        Assert.Equal((kind, value), (Route(match).Match.Path.Kind.ToString(), Route(match).Match.Path.Value));

    [Fact]
    public void A_route_matches_headers_and_query()
    {
        var match = Route("headers: { x-a: '1', x-b: { prefix: v, ignore_case: true, not: true }, x-c: { present: false }, x-d: [{ prefix: a }, { suffix: z }] }, query: { page: { range: [1, 5] } }").Match;

        Assert.Equal(
            [
                new() { Name = "x-a", Kind = ValueMatchKind.Exact, Value = "1" },
                new() { Name = "x-b", Kind = ValueMatchKind.Prefix, Value = "v", IgnoreCase = true, Invert = true },
                new() { Name = "x-c", Kind = ValueMatchKind.Present, Invert = true },
                new() { Name = "x-d", Kind = ValueMatchKind.Prefix, Value = "a" },
                new ValueMatchConfig { Name = "x-d", Kind = ValueMatchKind.Suffix, Value = "z" },
            ],
            match.Headers);
        Assert.Equal([new ValueMatchConfig { Name = "page", Kind = ValueMatchKind.Range, RangeStart = 1, RangeEnd = 6 }], match.Query);
    }

    [Fact]
    public void A_route_redirects_to_a_url_or_a_path()
    {
        Assert.Equal(
            new RedirectConfig { Scheme = "https", Host = "new.example", Path = "/x?y=1" },
            Route("redirect: 'https://new.example/x?y=1'").Action);
        Assert.Equal(new RedirectConfig { Scheme = "https", Host = "new.example" }, Route("redirect: 'https://new.example'").Action);
        Assert.Equal(new RedirectConfig { Path = "/new" }, Route("redirect: /new").Action);
        Assert.Equal(new RedirectConfig { Status = 308, PrefixRewrite = "/new" }, Route("prefix: /old, redirect: { prefix: /new, status: 308 }").Action);
    }

    [Fact]
    public void A_route_answers_by_itself()
    {
        Assert.Equal(new DirectResponseConfig { Status = 404 }, Route("respond: 404").Action);
        Assert.Equal(new DirectResponseConfig { Status = 200, Body = "{}", ContentType = "application/json" }, Route("respond: { status: 200, body: '{}', content_type: application/json }").Action);
    }

    [Fact]
    public void The_switches_of_a_listener_reach_its_rules()
    {
        var http = Given.Config(App + "inbound: { http: { reject_folding: false, max_head_size: 8KiB, upgrades: [], via: off, idle_timeout: 0s } }\n").Proxy.Listeners[0].Http!;

        Assert.False(http.Rules.RejectFolding);
        Assert.Equal(8192, http.Rules.MaxHeadBytes);
        Assert.Empty(http.Upgrades);
        Assert.Null(http.Via);
        Assert.Equal(TimeSpan.Zero, http.IdleTimeout);
    }

    [Fact]
    public void The_same_settings_on_other_lines_are_equal()
    {
        const string service = "outbound: { services: { a: { endpoints: [a.internal:80], routes: [{ prefix: /x, headers: { x-a: b }, to: a }] } } }\n";

        Assert.Equal(Given.Config(App + service).Proxy, Given.Config("# moved down\n\n" + service + App).Proxy);
    }

    [Fact]
    public void A_setting_knows_the_line_it_came_from()
    {
        var route = Given.Config(App + "inbound:\n  routes:\n    - prefix: /x\n      respond: 404\n").Proxy.Listeners[0].Http!.Routes.VirtualHosts[0].Routes[0];

        Assert.Equal("pillion.yaml:4: inbound.routes[0]", route.Source.ToString());
    }

    [Theory]
    [InlineData("access_log: off", 0)]
    [InlineData("access_log: [stdout, /var/log/a.log]", 2)]
    [InlineData("access_log: { fields: { s: '%RESPONSE_CODE%' } }", 1)]
    public void Access_logs_are_none_one_or_several(string text, int count) =>
        Assert.Equal(count, Given.Config(App + text + "\n").Proxy.Listeners[0].Http!.AccessLogs.Count);

    private static ListenerConfig Outbound(string text) => Given.Config($"outbound: {{ {text} }}\n").Proxy.Listeners[0];

    private static RouteConfig Route(string text) => Given.Config(App + $"inbound: {{ routes: [{{ {text} }}] }}\n").Proxy.Listeners[0].Http!.Routes.VirtualHosts[0].Routes[0];
}
