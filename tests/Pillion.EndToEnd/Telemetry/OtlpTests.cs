using System.Text.Json;
using Pillion.EndToEnd.Support;
using Xunit;

namespace Pillion.EndToEnd.Telemetry;

/// <summary>Spans, metrics and access-log records as something that we did not write takes and decodes them.</summary>
public sealed class OtlpTests
{
    private const string Trace = "4bf92f3577b34da6a3ce929d0e0e4736";

    [Theory]
    [InlineData("grpc", "none")]
    [InlineData("grpc", "gzip")]
    [InlineData("http", "gzip")]
    public async Task A_collector_decodes_all_that_it_gets(string protocol, string compression)
    {
        await using var collector = await NodeCollector.StartAsync();
        await using var app = await KestrelApp.StartAsync();
        var (inbound, outbound) = (Ports.Next(), Ports.Next());
        await using var sidecar = await Sidecar.StartAsync(
            $$"""
            workload: orders
            app: { address: "127.0.0.1:{{app.Plain}}" }
            otlp: { to: collector, protocol: {{protocol}}, compression: {{compression}}, interval: 200ms, metrics: 1s, resource: { deployment.environment.name: test } }
            tracing: { sample: 100%, propagate: [w3c, b3], tags: { tenant: { header: x-tenant } } }
            access_log: [stdout, otlp]
            inbound: { address: "127.0.0.1:{{inbound}}" }
            outbound:
              address: 127.0.0.1:{{outbound}}
              services:
                collector: { endpoints: ["127.0.0.1:{{(protocol == "grpc" ? collector.Grpc : collector.Http)}}"], protocol: {{(protocol == "grpc" ? "http2" : "http1")}} }
            """);
        var (_, head) = await Curl.GetAsync("-H", $"traceparent: 00-{Trace}-00f067aa0ba902b7-01", "-H", "X-Tenant: acme", $"http://127.0.0.1:{inbound}/head?a=b");
        await Curl.GetAsync($"http://127.0.0.1:{inbound}/status/500");
        await Eventually.IsTrue(() => collector.Items("traces").Count >= 4 && collector.Items("logs").Count >= 2 && collector.Items("metrics").Any(metric => Name(metric) == "pillion.route.requests"), "what was sent has arrived");

        Assert.All(collector.Batches, batch => Assert.Equal((0, protocol), (batch.GetProperty("unknown").GetInt32(), batch.GetProperty("protocol").GetString())));
        Assert.All(collector.Batches, batch => Assert.Equal(
            ("orders", "test"),
            (NodeCollector.Attribute(Resource(batch), "service.name"), NodeCollector.Attribute(Resource(batch), "deployment.environment.name"))));
        var spans = collector.Items("traces").Where(span => span.GetProperty("traceId").GetString() == Trace).ToList();
        var server = spans.Single(span => span.GetProperty("kind").GetInt32() == 2);
        var client = spans.Single(span => span.GetProperty("kind").GetInt32() == 3);
        Assert.Equal("00f067aa0ba902b7", server.GetProperty("parentSpanId").GetString());
        Assert.Equal(server.GetProperty("spanId").GetString(), client.GetProperty("parentSpanId").GetString());
        Assert.Contains($"traceparent: 00-{Trace}-{client.GetProperty("spanId").GetString()}-01", head, StringComparison.Ordinal);
        Assert.Contains($"b3: {Trace}-{client.GetProperty("spanId").GetString()}-1", head, StringComparison.Ordinal);
        Assert.Equal(("/head", "200", "acme"), (NodeCollector.Attribute(server, "url.path"), NodeCollector.Attribute(server, "http.response.status_code"), NodeCollector.Attribute(server, "tenant")));
        Assert.True(ulong.Parse(server.GetProperty("endTimeUnixNano").GetString()!, null) > ulong.Parse(server.GetProperty("startTimeUnixNano").GetString()!, null));
        Assert.Contains(collector.Items("traces"), span => span.TryGetProperty("status", out var status) && status.GetProperty("code").GetInt32() == 2);

        var record = collector.Items("logs").First(one => one.GetProperty("traceId").GetString() == Trace);
        using (var line = JsonDocument.Parse(record.GetProperty("body").GetProperty("stringValue").GetString()!))
        {
            Assert.Equal(200, line.RootElement.GetProperty("status").GetInt32());
        }

        var duration = collector.Items("metrics").Last(metric => Name(metric) == "pillion.route.request_duration").GetProperty("histogram");
        Assert.Equal(2, duration.GetProperty("aggregationTemporality").GetInt32());
        // The newest of each bucket: of one of the requests whose spans were sent.
        var examples = duration.GetProperty("dataPoints").EnumerateArray().SelectMany(point => point.TryGetProperty("exemplars", out var exemplars) ? exemplars.EnumerateArray() : default).ToList();
        Assert.NotEmpty(examples);
        Assert.All(examples, example => Assert.Contains(collector.Items("traces"), span => span.GetProperty("traceId").GetString() == example.GetProperty("traceId").GetString()));
        Assert.True(await sidecar.MetricAsync("pillion_otlp_items_sent_total", "traces") >= 4);
    }

    [Fact]
    public async Task The_last_spans_are_sent_when_the_sidecar_is_told_to_stop()
    {
        await using var collector = await NodeCollector.StartAsync();
        await using var app = await KestrelApp.StartAsync();
        var inbound = Ports.Next();
        await using var sidecar = await Sidecar.StartAsync(
            $$"""
            app: { address: "127.0.0.1:{{app.Plain}}" }
            otlp: { to: collector, interval: 1h, metrics: off }
            tracing: 100%
            lifecycle: { lame_duck: 0s }
            inbound: { address: "127.0.0.1:{{inbound}}" }
            outbound: { address: "127.0.0.1:{{Ports.Next()}}", services: { collector: { endpoints: ["127.0.0.1:{{collector.Grpc}}"], protocol: http2 } } }
            """);
        await Curl.GetAsync($"http://127.0.0.1:{inbound}/");
        Assert.Empty(collector.Batches);
        sidecar.Process.Signal(15);
        await sidecar.Process.EndAsync();
        await Eventually.IsTrue(() => collector.Items("traces").Count == 2, "what was sent has arrived");
    }

    private static string Name(JsonElement metric) => metric.GetProperty("name").GetString()!;

    private static JsonElement Resource(JsonElement batch) => batch.GetProperty("message").EnumerateObject().Single().Value[0].GetProperty("resource");
}
