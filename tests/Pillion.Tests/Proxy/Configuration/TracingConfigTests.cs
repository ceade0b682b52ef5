using Pillion.Core.Signals.Otlp;
using Pillion.Core.Signals.Tracing;
using Pillion.Proxy.Configuration;
using Pillion.Tests.ArchitectureTests;
using Pillion.Tests.Configuration;
using Xunit;

namespace Pillion.Tests.Proxy.Configuration;

/// <summary>Tracing, collectors and their defaults, from both formats.</summary>
public sealed class TracingConfigTests
{
    private const string Services = "outbound: { services: { collector: { endpoints: [10.0.0.1:4317], protocol: http2 } } }";

    [Fact]
    public void The_short_forms_have_the_usual_numbers()
    {
        var config = Given.Config($"workload: orders\napp: {{ address: 127.0.0.1:8080 }}\notlp: collector\ntracing: 25%\naccess_log: otlp\n{Services}");
        Assert.All(config.Proxy.Listeners, listener => Assert.All(listener.AllChains, chain =>
        {
            var tracing = chain.Http!.Tracing!;
            Assert.Equal((25.0, true, true, false), (tracing.Sample, tracing.FollowsCaller, tracing.Attempts, tracing.Query));
            Assert.Equal([TraceFormat.W3c], tracing.Formats);
            Assert.Equal(
                new OtlpConfig { Cluster = "collector", ServiceName = "orders", MetricsInterval = TimeSpan.FromSeconds(60), Timeout = TimeSpan.FromSeconds(10), Interval = TimeSpan.FromSeconds(5), Queue = 2048 },
                tracing.Export);
            Assert.Equal(tracing.Export, Assert.Single(chain.Http.AccessLogs).Otlp);
        }));
        Assert.Single(config.Proxy.MetricSinks);
    }

    [Fact]
    public void A_listener_may_say_it_anew_or_record_nothing_and_the_formats_stay()
    {
        var config = Given.Config($"app: {{ address: 127.0.0.1:8080 }}\notlp: {{ to: collector, metrics: off }}\ntracing: {{ propagate: [b3, w3c] }}\ninbound: {{ tracing: off }}\n{Services.Replace("{ services", "{ tracing: { sample: 1%, caller: ignore }, services")}");
        var (inbound, outbound) = (config.Proxy.Listeners[0].Chains[0].Http!.Tracing!, config.Proxy.Listeners[1].Chains[0].Http!.Tracing!);
        Assert.Null(inbound.Export);
        Assert.Equal([TraceFormat.B3, TraceFormat.W3c], inbound.Formats);
        Assert.Equal((1.0, false), (outbound.Sample, outbound.FollowsCaller));
        Assert.Empty(config.Proxy.MetricSinks);
    }

    [Fact]
    public void Envoys_file_means_what_it_means_in_Envoy()
    {
        var config = Given.Config(File.ReadAllText(Repository.PathOf("samples/envoy-tracing.yaml")), "envoy-tracing.yaml");
        var http = config.Proxy.Listeners[0].Chains[0].Http!;
        var tracing = http.Tracing!;
        Assert.Equal((10.0, 100.0, 100.0, true, true), (tracing.Sample, tracing.ClientSample, tracing.OverallSample, tracing.Attempts, tracing.Query));
        Assert.Equal([new CustomTag("tenant", null, "x-tenant", "unknown"), new CustomTag("team", "shop", null, null)], tracing.Tags);
        Assert.Equal(new OtlpConfig { Cluster = "collector", ServiceName = "orders", Timeout = TimeSpan.FromSeconds(5) }, tracing.Export);
        var log = Assert.Single(http.AccessLogs);
        Assert.Equal(("%REQ(:METHOD)% %REQ(:PATH)% %RESPONSE_CODE%", "orders"), (log.Text, log.Otlp!.ServiceName));
        Assert.Equal([new("log_name", "orders")], log.Otlp.Resource);
        var sink = Assert.Single(config.Proxy.MetricSinks);
        Assert.Equal((true, "sidecar", 10.0), (sink.EnvoyNames, sink.MetricsPrefix, sink.MetricsInterval.TotalSeconds));
    }

    [Fact]
    public void Without_numbers_Envoys_tracing_records_everything_and_one_span_a_request()
    {
        var text = File.ReadAllText(Repository.PathOf("samples/envoy-tracing.yaml"))
            .Replace("                  random_sampling: { value: 10 }\n                  client_sampling: { value: 100 }\n                  spawn_upstream_span: true\n", "", StringComparison.Ordinal)
            .Replace("grpc_service:\n                        envoy_grpc: { cluster_name: collector }\n                        timeout: 5s", "http_service: { http_uri: { uri: \"http://otel:4318/v1/traces\", cluster: collector, timeout: 3s }, request_headers_to_add: [{ header: { key: Api-Key, value: x } }] }", StringComparison.Ordinal);
        var tracing = Given.Config(text, "envoy.yaml").Proxy.Listeners[0].Chains[0].Http!.Tracing!;
        Assert.Equal((100.0, 100.0, 100.0, false), (tracing.Sample, tracing.ClientSample, tracing.OverallSample, tracing.Attempts));
        Assert.Equal(
            new OtlpConfig { Cluster = "collector", Protocol = OtlpProtocol.Http, Authority = "otel:4318", Path = "/v1/traces", ServiceName = "orders", Timeout = TimeSpan.FromSeconds(3), Headers = [new("api-key", "x")] },
            tracing.Export);
    }
}
