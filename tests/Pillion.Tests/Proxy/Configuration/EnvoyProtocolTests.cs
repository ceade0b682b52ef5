using Pillion.Net.Http.Http2;
using Pillion.Proxy.Configuration;
using Pillion.Tests.ArchitectureTests;
using Pillion.Tests.Configuration;
using Xunit;

namespace Pillion.Tests.Proxy.Configuration;

public sealed class EnvoyProtocolTests
{
    private const string Typed = "typed_extension_protocol_options: { envoy.extensions.upstreams.http.v3.HttpProtocolOptions: ";
    private const string Tls = "transport_socket: { name: envoy.transport_sockets.tls, typed_config: { sni: a } }, ";

    [Theory]
    [InlineData("", nameof(HttpProtocol.Http1))]
    [InlineData("http_protocol_options: {}, ", nameof(HttpProtocol.Http1))]
    [InlineData("http2_protocol_options: {}, ", nameof(HttpProtocol.Http2))]
    [InlineData("http2_protocol_options: {}, protocol_selection: USE_DOWNSTREAM_PROTOCOL, ", nameof(HttpProtocol.AsDownstream))]
    [InlineData(Typed + "{ explicit_http_config: {} } }, ", nameof(HttpProtocol.Http1))]
    [InlineData(Typed + "{ explicit_http_config: { http2_protocol_options: {} } } }, ", nameof(HttpProtocol.Http2))]
    [InlineData(Typed + "{ use_downstream_protocol_config: {} } }, ", nameof(HttpProtocol.AsDownstream))]
    [InlineData(Tls + Typed + "{ auto_config: { http2_protocol_options: {} } } }, ", nameof(HttpProtocol.Auto))]
    public void A_cluster_speaks_what_either_place_says(string settings, string expected) => Assert.Equal(expected, Cluster(settings).Protocol.ToString());

    [Theory]
    [InlineData("http2_protocol_options: { OPTIONS }, ")]
    [InlineData(Typed + "{ explicit_http_config: { http2_protocol_options: { OPTIONS } } } }, ")]
    [InlineData(Typed + "{ use_downstream_protocol_config: { http2_protocol_options: { OPTIONS } } } }, ")]
    public void The_options_of_http2_are_read_in_each_place(string settings)
    {
        const string options = """
            max_concurrent_streams: 7, initial_stream_window_size: 65535, initial_connection_window_size: 131072, hpack_table_size: 0, allow_connect: true,
            max_outbound_frames: 1, max_outbound_control_frames: 2, max_consecutive_inbound_frames_with_empty_payload: 3, max_inbound_priority_frames_per_stream: 4,
            max_inbound_window_update_frames_per_data_frame_sent: 5, connection_keepalive: { interval: 30s, timeout: 3s }
            """;

        Assert.Equal(
            new Http2Settings
            {
                MaxConcurrentStreams = 7,
                StreamWindow = 65535,
                ConnectionWindow = 131072,
                HeaderTableBytes = 0,
                AllowConnect = true,
                MaxOutboundFrames = 1,
                MaxOutboundControlFrames = 2,
                MaxConsecutiveInboundFramesWithEmptyPayload = 3,
                MaxInboundPriorityFramesPerStream = 4,
                MaxInboundWindowUpdateFramesPerDataFrameSent = 5,
                KeepAliveInterval = TimeSpan.FromSeconds(30),
                KeepAliveTimeout = TimeSpan.FromSeconds(3),
            },
            Cluster(settings.Replace("OPTIONS", options.ReplaceLineEndings(" "))).Http2);
    }

    [Fact]
    public void A_grpc_route_takes_grpc_and_bounds_it_by_the_client_s_deadline()
    {
        var http = Given.Config(File.ReadAllText(Repository.PathOf("samples/envoy-grpc.yaml"))).Proxy.Listeners[0].Http!;

        Assert.Equal(HttpProtocol.Http2, http.Codec);
        Assert.True(http.Http2.AllowConnect);
        var (grpc, web) = (http.Routes.VirtualHosts[0].Routes[0], http.Routes.VirtualHosts[0].Routes[1]);
        Assert.Equal(
            [
                new() { Name = "content-type", Kind = ValueMatchKind.Prefix, Value = "application/grpc" },
                new ValueMatchConfig { Name = "content-type", Kind = ValueMatchKind.Prefix, Value = "application/grpc-", Invert = true },
            ],
            grpc.Match.Headers);
        var forward = Assert.IsType<ForwardConfig>(grpc.Action);
        Assert.Equal((TimeSpan.FromSeconds(60), TimeSpan.FromMilliseconds(50)), (forward.GrpcTimeoutMax, forward.GrpcTimeoutOffset));
        Assert.Equal(RetryOn.GrpcUnavailable | RetryOn.GrpcResourceExhausted | RetryOn.ConnectFailure, forward.Retry!.On);
        Assert.Null(Assert.IsType<ForwardConfig>(web.Action).GrpcTimeoutMax);
    }

    [Fact]
    public void The_deadline_s_old_fields_mean_the_same()
    {
        var forward = Assert.IsType<ForwardConfig>(Given.Config(Bootstrap("", "max_grpc_timeout: 5s, grpc_timeout_offset: 1s")).Proxy.Listeners[0].Http!.Routes.VirtualHosts[0].Routes[0].Action);

        Assert.Equal((TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(1)), (forward.GrpcTimeoutMax, forward.GrpcTimeoutOffset));
    }

    [Fact]
    public void A_cluster_s_endpoints_are_asked_for_their_health() =>
        Assert.Equal(
            new HealthCheckConfig { GrpcService = "s", Authority = "a:1", Interval = TimeSpan.FromSeconds(5), Timeout = TimeSpan.FromSeconds(1), UnhealthyThreshold = 3, HealthyThreshold = 4 },
            Assert.Single(Cluster("http2_protocol_options: {}, health_checks: [{ timeout: 1s, interval: 5s, unhealthy_threshold: 3, healthy_threshold: 4, grpc_health_check: { service_name: s, authority: 'a:1' } }], ").HealthChecks));

    private static ClusterConfig Cluster(string settings) => Given.Config(Bootstrap(settings, "timeout: 1s")).Proxy.Clusters[0];

    private static string Bootstrap(string cluster, string route) => $$"""
        static_resources:
          listeners:
          - address: { socket_address: { address: 0.0.0.0, port_value: 15001 } }
            filter_chains:
            - filters:
              - name: envoy.http_connection_manager
                config:
                  stat_prefix: in
                  route_config: { virtual_hosts: [{ name: a, domains: ["*"], routes: [{ match: { prefix: / }, route: { cluster: c, {{route}} } }] }] }
                  http_filters: [{ name: envoy.router }]
          clusters:
          - { name: c, {{cluster}} load_assignment: { endpoints: [{ lb_endpoints: [{ endpoint: { address: { socket_address: { address: 127.0.0.1, port_value: 80 } } } }] }] } }

        """;
}
