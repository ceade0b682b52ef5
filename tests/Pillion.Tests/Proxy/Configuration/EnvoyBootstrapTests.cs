using Pillion.Net;
using Pillion.Proxy.Configuration;
using Pillion.Tests.ArchitectureTests;
using Pillion.Tests.Configuration;
using Xunit;

namespace Pillion.Tests.Proxy.Configuration;

public sealed class EnvoyBootstrapTests
{
    [Fact]
    public void The_pattern_s_example_means_what_it_means_in_envoy()
    {
        var config = Sample("envoy-pattern.yaml");

        var listener = Assert.Single(config.Proxy.Listeners);
        Assert.Equal(("ingress", new Address("0.0.0.0", 15001)), (listener.Name, listener.Address));
        Assert.Equal("ingress_http", listener.Http!.StatPrefix);
        Assert.False(listener.Http!.UseRemoteAddress);
        Assert.Empty(listener.Http!.Upgrades);
        Assert.Empty(listener.Http!.AccessLogs);
        var host = Assert.Single(listener.Http!.Routes.VirtualHosts);
        Assert.Equal(("backend", "*"), (host.Name, Assert.Single(host.Domains)));
        var action = Assert.IsType<ForwardConfig>(Assert.Single(host.Routes).Action);
        Assert.Equal(TimeSpan.FromSeconds(30), action.Timeout);
        Assert.Equal(new RetryConfig { On = RetryOn.ServerError, Retries = 3, UnsafeMethods = true }, action.Retry);
        Assert.Equal(
            new ClusterConfig
            {
                Name = "local_app",
                Endpoints = [new EndpointConfig { Address = new("127.0.0.1", 8080) }],
                Balancer = "round_robin",
                ConnectTimeout = TimeSpan.FromMilliseconds(250),
                RespectDnsTtl = false,
                DefaultCircuits = new() { MaxRetries = 3 },
                HighCircuits = new() { MaxRetries = 3 },
            },
            Assert.Single(config.Proxy.Clusters));
    }

    [Fact]
    public void Pillion_s_own_words_for_the_example_do_the_same()
    {
        var envoy = Sample("envoy-pattern.yaml").Proxy;
        var own = Sample("envoy-pattern-in-pillion.yaml").Proxy;

        Assert.Equal(envoy.Listeners[0].Address, own.Listeners[0].Address);

        // Ours honours the deadline of a gRPC client unasked; Envoy wants to be told.
        Assert.Equal(Action(envoy) with { Cluster = "", GrpcTimeoutMax = TimeSpan.Zero }, Action(own) with { Cluster = "" });
        Assert.Equal(envoy.Clusters[0].Endpoints, own.Clusters[0].Endpoints);
        Assert.Equal(envoy.Clusters[0].ConnectTimeout, own.Clusters[0].ConnectTimeout);

        static ForwardConfig Action(ProxyConfig proxy) => Assert.IsType<ForwardConfig>(proxy.Listeners[0].Http!.Routes.VirtualHosts[0].Routes[^1].Action);
    }

    [Fact]
    public void Json_with_keys_in_camel_case_is_read_alike()
    {
        const string json = """
            { "staticResources": { "listeners": [ { "name": "in",
                "address": { "socketAddress": { "address": "0.0.0.0", "portValue": 15001 } },
                "filterChains": [ { "filters": [ { "name": "envoy.filters.network.http_connection_manager", "typedConfig": {
                  "statPrefix": "in", "httpFilters": [ { "name": "envoy.filters.http.router" } ],
                  "routeConfig": { "virtualHosts": [ { "name": "a", "domains": ["*"], "routes": [
                    { "match": { "prefix": "/" }, "route": { "cluster": "c", "prefixRewrite": "/x", "timeout": "0.5s" } } ] } ] } } } ] } ] } ],
              "clusters": [ { "name": "c", "connectTimeout": "1s", "loadAssignment": { "endpoints": [ { "lbEndpoints": [
                { "endpoint": { "address": { "pipe": { "path": "/run/a.sock" } } } } ] } ] } } ] } }
            """;

        var proxy = Given.Config(json, "envoy.json").Proxy;

        var action = Assert.IsType<ForwardConfig>(proxy.Listeners[0].Http!.Routes.VirtualHosts[0].Routes[0].Action);
        Assert.Equal(("/x", TimeSpan.FromMilliseconds(500)), (action.PrefixRewrite, action.Timeout));
        Assert.Equal(Address.Unix("/run/a.sock"), proxy.Clusters[0].Endpoints[0].Address);
    }

    [Theory]
    [InlineData("{ name: x-a, exact_match: v }", "x-a Exact v")]
    [InlineData("{ name: x-a, prefix_match: v }", "x-a Prefix v")]
    [InlineData("{ name: x-a, string_match: { suffix: v, ignore_case: true } }", "x-a Suffix v case")]
    [InlineData("{ name: x-a, string_match: { safe_regex: { google_re2: {}, regex: 'v+' } } }", "x-a Regex v+")]
    [InlineData("{ name: x-a, contains_match: v, invert_match: true }", "x-a Contains v not")]
    [InlineData("{ name: x-a, present_match: false }", "x-a Present not")]
    [InlineData("{ name: x-a, present_match: false, invert_match: true }", "x-a Present")]
    [InlineData("{ name: x-a }", "x-a Present")]
    [InlineData("{ name: x-a, range_match: { start: -1, end: 10 } }", "x-a Range [-1,10)")]
    [InlineData("{ name: ':authority', exact_match: a }", ":authority Exact a")]
    [InlineData("{ name: ':path', suffix_match: .js }", ":path Suffix .js")]
    [InlineData("{ name: ':method', exact_match: GET, invert_match: true }", ":method Exact GET not")]
    [InlineData("{ name: ':method', exact_match: GET }", "GET")]
    [InlineData("{ name: ':method', safe_regex_match: { regex: '^(GET|POST)$' } }", "GET POST")]
    public void A_header_is_matched(string header, string expected)
    {
        var match = Route($"match: {{ prefix: /, headers: [{header}] }}, route: {{ cluster: c }}").Match;

        var shown = match.Methods.Concat(match.Headers.Select(m =>
            $"{m.Name} {m.Kind}{(m.Value.Length > 0 ? " " + m.Value : "")}{(m.Kind == ValueMatchKind.Range ? $" [{m.RangeStart},{m.RangeEnd})" : "")}{(m.IgnoreCase ? " case" : "")}{(m.Invert ? " not" : "")}"));
        Assert.Equal(expected, string.Join(" ", shown));
    }

    [Theory]
    [InlineData("{ prefix: / }", "Prefix /")]
    [InlineData("{ prefix: '' }", "Prefix /")]
    [InlineData("{ path: /a }", "Exact /a")]
    [InlineData("{ path_separated_prefix: /a }", "SeparatedPrefix /a")]
    [InlineData("{ safe_regex: { regex: '/a+' } }", "Regex /a+")]
    public void A_path_is_matched(string match, string expected)
    {
        var path = Route($"match: {match}, route: {{ cluster: c }}").Match.Path;

        Assert.Equal(expected, $"{path.Kind} {path.Value}");
    }

    [Fact]
    public void A_route_may_allow_what_its_listener_does_not()
    {
        var route = Route("match: { connect_matcher: {} }, route: { cluster: c, upgrade_configs: [{ upgrade_type: CONNECT, connect_config: {} }, { upgrade_type: WebSocket }] }");

        var action = Assert.IsType<ForwardConfig>(route.Action);
        Assert.True(action.TerminateConnect);
        Assert.Equal(["websocket"], action.Upgrades!);
    }

    [Theory]
    [InlineData("{ header: { key: a, value: b } }", HeaderAppendName.Add)]
    [InlineData("{ header: { key: a, value: b }, append: false }", HeaderAppendName.Set)]
    [InlineData("{ header: { key: a, value: b }, append_action: ADD_IF_ABSENT }", HeaderAppendName.AddIfAbsent)]
    public void A_header_is_added(string header, string append)
    {
        var route = Route($"match: {{ prefix: / }}, route: {{ cluster: c }}, request_headers_to_add: [{header}]");

        Assert.Equal(append, Assert.Single(route.RequestHeaders.Add).Append.ToString());
    }

    [Theory]
    [InlineData("lb_policy: LEAST_REQUEST", "least_request")]
    [InlineData("", "round_robin")]
    public void The_balancer_is_envoy_s_unless_the_file_says_otherwise(string cluster, string balancer) =>
        Assert.Equal(balancer, Given.Config(Bootstrap("match: { prefix: / }, route: { cluster: c }", cluster)).Proxy.Clusters[0].Balancer);

    [Fact]
    public void Clusters_of_before_v3_name_their_hosts()
    {
        const string text = "static_resources: { clusters: [{ name: c, type: STRICT_DNS, hosts: [{ socket_address: { address: a.internal, port_value: 80 } }] }] }\n";

        Assert.Equal(new Address("a.internal", 80), Given.Config(text).Proxy.Clusters[0].Endpoints[0].Address);
    }

    [Fact]
    public void A_missing_cluster_is_let_pass_when_the_file_asks_for_it()
    {
        var text = Bootstrap("match: { prefix: / }, route: { cluster: nowhere, cluster_not_found_response_code: NOT_FOUND }").Replace("virtual_hosts", "validate_clusters: false, virtual_hosts");

        var action = Assert.IsType<ForwardConfig>(Given.Config(text).Proxy.Listeners[0].Http!.Routes.VirtualHosts[0].Routes[0].Action);
        Assert.Equal(404, action.ClusterNotFoundStatus);
    }

    [Fact]
    public void An_access_log_line_loses_the_line_end_that_we_write()
    {
        var log = Assert.Single(Sample("envoy-full.yaml").Proxy.Listeners[0].Http!.AccessLogs);

        Assert.Equal(("/dev/stdout", AccessLogFormat.Text, "%REQ(:METHOD)% %RESPONSE_CODE% %RESPONSE_FLAGS%"), (log.Path, log.Format, log.Text));
    }

    private static class HeaderAppendName
    {
        public const string Add = nameof(HeaderAppend.Add);
        public const string Set = nameof(HeaderAppend.Set);
        public const string AddIfAbsent = nameof(HeaderAppend.AddIfAbsent);
    }

    private static PillionConfig Sample(string name) => Given.Config(File.ReadAllText(Repository.PathOf("samples/" + name)));

    private static RouteConfig Route(string route) => Given.Config(Bootstrap(route)).Proxy.Listeners[0].Http!.Routes.VirtualHosts[0].Routes[0];

    private static string Bootstrap(string route, string cluster = "") => $$"""
        static_resources:
          listeners:
          - address: { socket_address: { address: 0.0.0.0, port_value: 15001 } }
            filter_chains:
            - filters:
              - name: envoy.http_connection_manager
                config:
                  stat_prefix: in
                  route_config: { virtual_hosts: [{ name: a, domains: ["*"], routes: [{ {{route}} }] }] }
                  http_filters: [{ name: envoy.router }]
          clusters:
          - { name: c, {{cluster}}{{(cluster.Length > 0 ? "," : "")}} load_assignment: { endpoints: [{ lb_endpoints: [{ endpoint: { address: { socket_address: { address: 127.0.0.1, port_value: 80 } } } }] }] } }

        """;
}
