using Pillion.Core.Overload;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Filters;
using Pillion.Proxy.Filters.Compression;
using Pillion.Proxy.Filters.Faults;
using Pillion.Proxy.Filters.RateLimits;
using Pillion.Proxy.Filters.SizeLimits;
using Pillion.Tests.ArchitectureTests;
using Pillion.Tests.Configuration;
using Xunit;

namespace Pillion.Tests.Proxy.Filters;

/// <summary>What both file formats say of rate and size limits, compression, overload and faults.</summary>
public sealed class PolicyConfigTests
{
    private const string App = "app: { address: 127.0.0.1:8080 }\n";

    [Fact]
    public void A_rate_alone_is_its_own_burst()
    {
        var limit = Assert.Single(Inbound<RateLimitConfig>("rate_limit: 20/10s").Limits);
        Assert.Equal((20, 20, TimeSpan.FromSeconds(10), RateKey.All), (limit.Burst, limit.Tokens, limit.Interval, limit.Per));
    }

    [Theory]
    [InlineData("100/s", 100, 1)]
    [InlineData("30/min", 30, 60)]
    [InlineData("30/m", 30, 60)]
    [InlineData("1000/h", 1000, 3600)]
    [InlineData("5/2s", 5, 2)]
    public void Rates_are_written_as_people_say_them(string text, int tokens, int seconds)
    {
        Assert.True(RateText.TryParse(text, out var read, out var interval));
        Assert.Equal((tokens, TimeSpan.FromSeconds(seconds)), (read, interval));
    }

    [Theory]
    [InlineData("100")]
    [InlineData("0/s")]
    [InlineData("-1/s")]
    [InlineData("1/0s")]
    [InlineData("1/")]
    [InlineData("/s")]
    [InlineData("1/s/s")]
    [InlineData("1.5/s")]
    [InlineData("99999999999/s")]
    public void Others_are_not(string text) => Assert.False(RateText.TryParse(text, out _, out _));

    [Fact]
    public void A_route_has_its_own_limit_inherits_one_or_has_none()
    {
        var http = Given.Config(App + """
            inbound:
              rate_limit: { rate: 5/s, burst: 9, per: { header: x-team }, keys: 7, dry_run: true, tell_rest: true, status: 503, name: teams }
              routes:
                - { prefix: /a }
                - { prefix: /b, rate_limit: 1/s }
                - { prefix: /c, rate_limit: off }
            """).Proxy.Listeners[0].Http!;
        var routes = http.Routes.VirtualHosts[0].Routes;
        var all = (RateLimitConfig)routes[0].Filters[0];
        Assert.Equal(new RateConfig { Name = "teams", Tokens = 5, Burst = 9, Per = RateKey.Header, Header = "x-team", Keys = 7, Status = 503, IsDryRun = true }, all.Limits[0]);
        Assert.True(all.TellsRest);
        Assert.Contains("x-team", all.FieldsRead);
        Assert.Equal(1, ((RateLimitConfig)routes[1].Filters[0]).Limits[0].Tokens);
        Assert.Empty(routes[2].Filters);
        Assert.Same(all, routes[3].Filters[0]);
    }

    [Fact]
    public void Envoy_s_rate_limit_does_nothing_before_it_is_enabled()
    {
        var limit = Assert.IsType<RateLimitConfig>(EnvoyFilter("envoy.filters.http.local_ratelimit", "stat_prefix: a, token_bucket: { max_tokens: 1, fill_interval: 1s }"));
        Assert.Equal((0.0, 0.0, 429, 14), (limit.EnabledPercent, limit.EnforcedPercent, limit.Limits[0].Status, limit.GrpcStatus));
        Assert.Equal(new RateConfig { Name = "a", Burst = 1, Tokens = 1, Interval = TimeSpan.FromSeconds(1) }, limit.Limits[0]);
    }

    [Fact]
    public void Envoy_s_own_fields_are_read()
    {
        var limit = Assert.IsType<RateLimitConfig>(EnvoyFilter(
            "envoy.filters.http.local_ratelimit",
            "stat_prefix: a, status: { code: ServiceUnavailable }, token_bucket: { max_tokens: 10, tokens_per_fill: 2, fill_interval: 0.1s }, rate_limited_as_resource_exhausted: true, filter_enabled: { default_value: { numerator: 50 } }, local_rate_limit_per_downstream_connection: true, always_consume_default_token_bucket: false, vh_rate_limits: INCLUDE, stage: 3"));
        Assert.Equal((50.0, 503, 8, 3, false, HostRateActions.Include), (limit.EnabledPercent, limit.Limits[0].Status, limit.GrpcStatus, limit.Stage, limit.AlwaysTakesDefault, limit.HostActions));
        Assert.Equal(RateKey.Connection, limit.Limits[0].Per);
    }

    [Fact]
    public void A_route_s_descriptions_take_the_place_of_its_virtual_host_s_unless_it_asks_for_both()
    {
        RateActionsConfig One(string key) => new([new() { Kind = RateActionKind.GenericKey, Key = key }], 0);
        var limit = new RateLimitConfig { Descriptors = [new([new("a", "")], new())] };
        Assert.Equal([One("r")], ((RateLimitConfig)limit.ForRoute([One("r")], [One("h")], includeHost: false)).Actions);
        Assert.Equal([One("r"), One("h")], ((RateLimitConfig)limit.ForRoute([One("r")], [One("h")], includeHost: true)).Actions);
        Assert.Equal([One("h")], ((RateLimitConfig)limit.ForRoute([], [One("h")], includeHost: false)).Actions);
        Assert.Empty(((RateLimitConfig)(limit with { HostActions = HostRateActions.Ignore }).ForRoute([], [One("h")], includeHost: false)).Actions);
    }

    [Fact]
    public void Sizes_are_limits_of_either_direction()
    {
        Assert.Equal(new SizeLimitConfig(IsAnswer: false, 10 << 20), Inbound<SizeLimitConfig>("max_request_body: 10MiB"));
        Assert.Equal(new SizeLimitConfig(IsAnswer: true, 1000), Inbound<SizeLimitConfig>("max_response_body: 1kB"));
        Assert.Equal(new SizeLimitConfig(IsAnswer: false, 5), EnvoyFilter("envoy.filters.http.buffer", "max_request_bytes: 5"));
    }

    [Fact]
    public void Compression_has_defaults_of_its_own_and_Envoy_s_are_Envoy_s()
    {
        var ours = Inbound<CompressionConfig>("compression: on");
        Assert.Equal((860L, StrongEtag.Weaken), (ours.MinBytes, ours.Etag));
        Assert.Equal([ContentCoding.Brotli, ContentCoding.Gzip], ours.Encoders.Select(encoder => encoder.Coding));
        var envoys = Assert.IsType<CompressionConfig>(EnvoyFilter(
            "envoy.filters.http.compressor",
            "compressor_library: { name: g, typed_config: { '@type': type.googleapis.com/envoy.extensions.compression.gzip.compressor.v3.Gzip } }"));
        Assert.Equal((30L, StrongEtag.Remove), (envoys.MinBytes, envoys.Etag));
        Assert.Equal(CompressionConfig.EnvoyTypes, envoys.Types);
        Assert.Equal(6, Assert.Single(envoys.Encoders).Level);
    }

    [Fact]
    public void Faults_are_read_from_both_formats()
    {
        var ours = Inbound<FaultConfig>("fault: { delay: { for: 2s, percent: 10% }, abort: { status: 503, grpc_status: 14 }, max_active: 5 }");
        Assert.Equal((TimeSpan.FromSeconds(2), 10.0, 503, 14, 100.0, 5, false), (ours.Delay, ours.DelayPercent, ours.AbortStatus, ours.AbortGrpcStatus, ours.AbortPercent, ours.MaxActive, ours.HeaderAbort));
        Assert.Equal(TimeSpan.FromSeconds(1), Inbound<FaultConfig>("fault: { delay: 1s }").Delay);
        var envoys = Assert.IsType<FaultConfig>(EnvoyFilter(
            "envoy.filters.http.fault",
            "delay: { fixed_delay: 2s, percentage: { numerator: 5, denominator: TEN_THOUSAND } }, abort: { grpc_status: 14 }, headers: [{ name: ':method', string_match: { exact: GET } }]"));
        Assert.Equal((TimeSpan.FromSeconds(2), 0.05, 200, 14, 0.0), (envoys.Delay, envoys.DelayPercent, envoys.AbortStatus, envoys.AbortGrpcStatus, envoys.AbortPercent));
        Assert.Equal(":method", Assert.Single(envoys.Headers).Name);
    }

    [Fact]
    public void Overload_is_on_by_itself_in_our_files_and_off_in_Envoy_s()
    {
        Assert.Equal((false, null, 95.0), (Given.Config(App).Overload.IsOff, Given.Config(App).Overload.MemoryBytes, Given.Config(App).Overload.MemoryPercent));
        Assert.True(Given.Config(App + "overload: off").Overload.IsOff);
        Assert.Equal(80, Given.Config(App + "overload: { memory: 80% }").Overload.MemoryPercent);
        Assert.True(Given.Config("static_resources: {}").Overload.IsOff);

        var envoys = Given.Config(File.ReadAllText(Path.Combine(Repository.Root, "samples", "envoy-limits.yaml"))).Overload;
        Assert.Equal((209_715_200L, false), (envoys.MemoryBytes, envoys.IsOff));
        Assert.Equal([new(OverloadActions.Garbage, 90), new(OverloadActions.IdleConnections, 92), new(OverloadActions.Requests, 95)], envoys.Steps);
    }

    private static T Inbound<T>(string setting) where T : FilterConfig =>
        Assert.IsType<T>(Assert.Single(Given.Config($"{App}inbound:\n  {setting}\n").Proxy.Listeners[0].Http!.Filters));

    private static FilterConfig EnvoyFilter(string name, string settings) => Assert.Single(Given.Config($$"""
        static_resources:
          listeners:
            - address: { socket_address: { address: 127.0.0.1, port_value: 0 } }
              filter_chains:
                - filters:
                    - name: envoy.filters.network.http_connection_manager
                      typed_config:
                        stat_prefix: in
                        http_filters: [{ name: {{name}}, typed_config: { {{settings}} } }, { name: envoy.filters.http.router }]
                        route_config: {}
        """).Proxy.Listeners[0].Http!.Filters);
}
