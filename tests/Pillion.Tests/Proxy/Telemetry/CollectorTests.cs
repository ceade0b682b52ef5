using System.Text;
using Pillion.Core.Configuration;
using Pillion.Core.Protobuf;
using Pillion.Core.Signals.Metrics;
using Pillion.Core.Signals.Otlp;
using Pillion.Proxy.Configuration;
using Pillion.Tests.Support;
using Xunit;
using static Pillion.Tests.Support.OtlpSchema;

namespace Pillion.Tests.Proxy.Telemetry;

/// <summary>What happens between us and a collector, over both protocols; and that no request notices any of it.</summary>
public sealed class CollectorTests
{
    private const string Ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

    [Theory]
    [InlineData(OtlpProtocolName.Grpc, false)]
    [InlineData(OtlpProtocolName.Grpc, true)]
    [InlineData(OtlpProtocolName.Http, false)]
    [InlineData(OtlpProtocolName.Http, true)]
    public void Batches_travel_by_either_protocol_compressed_or_not(string name, bool gzip)
    {
        var protocol = Enum.Parse<OtlpProtocol>(name);
        using var proxy = new ProxyFixture();
        var collector = TracingTests.With(proxy, otlp: otlp => otlp with { Gzip = gzip, Headers = [new("api-key", "secret")], PathPrefix = protocol == OtlpProtocol.Http ? "/otlp" : "" }, protocol: protocol);
        proxy.Upstream.Answer = _ => Ok;
        proxy.Get();
        collector.Flush();
        Assert.Equal(2, collector.Spans.Count());
        var head = Assert.Single(collector.Heads);
        Assert.Contains("api-key: secret", head, StringComparison.Ordinal);
        Assert.Contains(protocol == OtlpProtocol.Grpc ? "POST collector /opentelemetry.proto.collector.trace.v1.TraceService/Export\n" : "POST /otlp/v1/traces HTTP/1.1\r\n", head, StringComparison.Ordinal);
        Assert.Contains(protocol == OtlpProtocol.Grpc ? "content-type: application/grpc\n" : "Content-Type: application/x-protobuf\r\n", head, StringComparison.Ordinal);
        Assert.Equal(2, Ledger(proxy).ItemsSent);
    }

    [Theory]
    [InlineData(OtlpProtocolName.Grpc)]
    [InlineData(OtlpProtocolName.Http)]
    public void What_is_taken_in_part_is_counted_in_part(string name)
    {
        using var proxy = new ProxyFixture();
        var collector = TracingTests.With(proxy, protocol: Enum.Parse<OtlpProtocol>(name));
        proxy.Upstream.Answer = _ => Ok;
        var reply = new ProtoWriter();
        var at = reply.Begin(1);
        reply.Int(1, 1);
        reply.Text(2, "too old");
        reply.End(at);
        collector.Reply = reply.Written.ToArray();
        proxy.Get();
        collector.Flush();
        Assert.Equal((1, 1), (Ledger(proxy).ItemsSent, Dropped(proxy)["rejected"]));
        Assert.Contains(proxy.Logger.Lines, line => line.Text.Contains("too old", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(429)]
    [InlineData(503)]
    public void An_http_collector_that_is_busy_is_asked_again_when_it_says(int status)
    {
        using var proxy = new ProxyFixture();
        var collector = TracingTests.With(proxy, protocol: OtlpProtocol.Http);
        proxy.Upstream.Answer = _ => Ok;
        var answers = new Queue<(int, string)>([(status, "Retry-After: 8\r\n"), (200, "")]);
        collector.HttpStatus = () => answers.Dequeue();
        proxy.Get();
        var before = proxy.Clock.GetTimestamp();
        collector.Flush();
        Assert.Equal((2, 2, 1), (Ledger(proxy).ItemsSent, collector.Heads.Count, Ledger(proxy).Retries));

        // The clock of the test runs on while the exporter's own thread wakes.
        Assert.InRange(proxy.Clock.GetElapsedTime(before).TotalSeconds, 8, 100);
    }

    [Theory]
    [InlineData(14, "", 2)]
    [InlineData(3, "", 1)]
    [InlineData(8, "", 1)]
    [InlineData(8, "7", 2)]
    public void A_grpc_collector_is_asked_again_where_its_status_allows_it(int status, string detail, int tries)
    {
        detail = detail.Length > 0 ? "grpc-status-details-bin: " + RetryInfo(7) : "";
        using var proxy = new ProxyFixture();
        var collector = TracingTests.With(proxy);
        proxy.Upstream.Answer = _ => Ok;
        var answers = new Queue<int>([status, 0]);
        collector.GrpcStatus = () => answers.Dequeue();
        collector.Trailers = detail;
        proxy.Get();
        var before = proxy.Clock.GetTimestamp();
        collector.Flush();
        Assert.Equal(tries, collector.Heads.Count);
        Assert.Equal(tries == 2 ? 2 : 0, Ledger(proxy).ItemsSent);
        Assert.Equal(tries == 2 ? 0 : 2, Dropped(proxy).GetValueOrDefault("refused"));
        if (detail.Length > 0)
        {
            Assert.InRange(proxy.Clock.GetElapsedTime(before).TotalSeconds, 7, 100);
        }
    }

    [Theory]
    [InlineData("gone")]
    [InlineData("silent")]
    [InlineData("garbage")]
    public void Whatever_the_collector_does_requests_go_on_and_what_is_lost_is_counted(string fault)
    {
        using var proxy = new ProxyFixture();
        var collector = TracingTests.With(proxy, otlp: otlp => otlp with { Queue = 64, Timeout = TimeSpan.FromSeconds(2) });
        proxy.Upstream.Answer = _ => Ok;
        if (fault == "gone")
        {
            collector.Upstream.Close();
        }
        else if (fault == "silent")
        {
            collector.GrpcStatus = () => -1;
        }
        else
        {
            collector.Upstream.Takes = null;
            collector.Upstream.Answer = null;
            collector.Upstream.SpeakHttp2(answer: call => call.AnswerAsync(200, "this is no message", "grpc-status: 0\n", ("content-type", "application/grpc")));
        }

        var client = proxy.Connect();
        for (var i = 0; i < 200; i++)
        {
            client.Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        }

        Assert.Equal(200, client.Received.Split("HTTP/1.1 200 ").Length - 1);
        collector.Flush();
        var dropped = Dropped(proxy);

        // Two spans a request: some were tried in vain, the others found no room.
        Assert.Equal(400, dropped.Values.Sum() + Ledger(proxy).ItemsSent);
        Assert.Equal(0, Ledger(proxy).ItemsSent);
        Assert.True(dropped.GetValueOrDefault(fault == "garbage" ? "refused" : "unavailable") >= 2, string.Join(", ", dropped));
    }

    [Fact]
    public void The_last_batch_is_sent_before_the_end()
    {
        using var proxy = new ProxyFixture();
        var collector = TracingTests.With(proxy, protocol: OtlpProtocol.Http);
        proxy.Upstream.Answer = _ => Ok;
        proxy.Get();

        // The clock stands still meanwhile: it would use up the few seconds that the end has before another thread has even begun.
        Assert.True(proxy.Wait(EndAsync()));
        Assert.Equal(2, collector.Spans.Count());

        async Task<bool> EndAsync()
        {
            await proxy.Role.Exporters.StopAsync(default);
            return true;
        }
    }

    [Fact]
    public void A_reload_keeps_what_waits_and_the_end_of_a_collector_sends_it()
    {
        using var proxy = new ProxyFixture();
        var collector = TracingTests.With(proxy, protocol: OtlpProtocol.Http);
        proxy.Upstream.Answer = _ => Ok;
        proxy.Get();
        var listener = proxy.Config.Listeners[0];
        proxy.Reload(proxy.Config with { Listeners = [listener with { MaxConnections = 10 }] });
        proxy.Get();
        collector.Flush();
        Assert.Equal(4, collector.Spans.Count());
        proxy.Get();
        var http = listener.Chains[0].Http! with { Tracing = null };
        proxy.Reload(proxy.Config with { Listeners = [listener with { Chains = [listener.Chains[0] with { Http = http }] }] });
        Assert.True(proxy.Wait(Task.Run(async () =>
        {
            await Eventually.IsAsync(() => Volatile.Read(ref Ledger(proxy).ItemsSent) == 6);
            return true;
        })));
        Assert.Equal(6, collector.Spans.Count());
    }

    [Fact]
    public void Access_log_records_and_metrics_go_to_the_same_collector()
    {
        using var proxy = new ProxyFixture();
        var collector = new Collector(proxy);
        var otlp = new OtlpConfig { Cluster = "collector", ServiceName = "orders", MetricsInterval = TimeSpan.FromSeconds(10), Resource = [new("deployment.environment.name", "test")] };
        var listener = proxy.Config.Listeners[0];
        var http = listener.Chains[0].Http!;
        var record = new AccessLogConfig { Path = "otlp", Otlp = otlp, Format = AccessLogFormat.Text, Text = "%REQ(:METHOD)% %RESPONSE_CODE%", Attributes = [new("agent", "%REQ(USER-AGENT)%")] };
        Assert.Empty(proxy.Reload(proxy.Config with
        {
            Listeners = [listener with { Chains = [listener.Chains[0] with { Http = http with { AccessLogs = [.. http.AccessLogs, record], Tracing = new TracingConfig { Export = otlp } } }] }],
            Clusters = [proxy.Config.Clusters[0], Collector.Cluster()],
            MetricSinks = [otlp],
        }));
        proxy.Upstream.Answer = _ => Ok;
        proxy.Request("GET / HTTP/1.1\r\nHost: a\r\nUser-Agent: test\r\n\r\n");
        collector.Flush();
        var one = Assert.Single(collector.Records);
        var server = collector.Spans.Single(span => (int)span["kind"]! == 2);
        Assert.Equal(("GET 200", "test", (string)server["traceId"]!, (string)server["spanId"]!), ((string)one["body"]!["text"]!, Attribute(one, "agent"), (string)one["traceId"]!, (string)one["spanId"]!));
        Assert.All(collector.Messages, message => Assert.Equal(("orders", "test"), (Attribute(Resource(message.Message), "service.name"), Attribute(Resource(message.Message), "deployment.environment.name"))));

        // The file has its line as before, and metrics come in their own time.
        Assert.Single(proxy.Log);
        proxy.Wait(Task.Run(() => Eventually.IsAsync(() => Volatile.Read(ref proxy.Metrics.Otlp("collector", "metrics", proxy.Metrics.OffLoop).ItemsSent) > 0)), 100_000);
        Assert.Contains(collector.Metrics, metric => (string)metric["name"]! == "pillion.route.requests");
    }

    private static OtlpMetrics Ledger(ProxyFixture proxy) => proxy.Metrics.Otlp("collector", "traces", proxy.Metrics.OffLoop);

    private static SortedDictionary<string, long> Dropped(ProxyFixture proxy)
    {
        var sums = new SortedDictionary<string, long>();
        proxy.Metrics.Otlp("collector", "traces", 0).Dropped.AddTo(sums);
        Ledger(proxy).Dropped.AddTo(sums);
        return sums;
    }

    private static string RetryInfo(int seconds)
    {
        var writer = new ProtoWriter();
        writer.Int(1, 8);
        var any = writer.Begin(3);
        writer.Text(1, "type.googleapis.com/google.rpc.RetryInfo");
        var value = writer.Begin(2);
        var delay = writer.Begin(1);
        writer.Int(1, seconds);
        writer.End(delay);
        writer.End(value);
        writer.End(any);
        return Convert.ToBase64String(writer.Written).TrimEnd('=');
    }

    private static class OtlpProtocolName
    {
        public const string Grpc = nameof(OtlpProtocol.Grpc);
        public const string Http = nameof(OtlpProtocol.Http);
    }
}
