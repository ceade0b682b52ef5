using Pillion.Core.Configuration;
using Pillion.Core.Signals.Otlp;
using Pillion.Core.Signals.Tracing;
using Pillion.Proxy.Configuration;
using Pillion.Tests.Support;
using Xunit;
using static Pillion.Tests.Support.OtlpSchema;

namespace Pillion.Tests.Proxy.Telemetry;

/// <summary>What is recorded of a request, what its upstream is told, and that both agree.</summary>
public sealed class TracingTests
{
    private const string Ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    private const string Trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    private const string Parent = "00f067aa0ba902b7";

    [Fact]
    public void A_request_is_a_server_span_with_a_client_span_inside_that_the_upstream_knows()
    {
        using var proxy = new ProxyFixture();
        var collector = With(proxy);
        proxy.Upstream.Answer = _ => Ok;
        proxy.Request($"GET /items?secret=1 HTTP/1.1\r\nHost: shop:8080\r\nUser-Agent: test\r\ntraceparent: 00-{Trace}-{Parent}-01\r\ntracestate: v=1\r\n\r\n");
        collector.Flush();

        var server = collector.Spans.Single(span => (int)span["kind"]! == 2);
        var client = collector.Spans.Single(span => (int)span["kind"]! == 3);
        Assert.Equal((Trace, Parent, "v=1", "GET all"), ((string)server["traceId"]!, (string)server["parentSpanId"]!, (string)server["traceState"]!, (string)server["name"]!));
        Assert.Equal((Trace, (string)server["spanId"]!, "GET"), ((string)client["traceId"]!, (string)client["parentSpanId"]!, (string)client["name"]!));
        Assert.Contains($"traceparent: 00-{Trace}-{client["spanId"]}-01\r\n", proxy.Upstream.Requests[0]);
        Assert.Contains("tracestate: v=1\r\n", proxy.Upstream.Requests[0]);
        foreach (var (name, value) in new[]
        {
            ("http.request.method", "GET"), ("url.path", "/items"), ("url.query", null), ("url.scheme", "http"), ("http.response.status_code", "200"), ("server.address", "shop"), ("server.port", "8080"),
            ("network.protocol.version", "1.1"), ("client.address", "127.0.0.1"), ("user_agent.original", "test"), ("error.type", null), ("pillion.route", "all"), ("pillion.virtual_host", "any"),
            ("pillion.cluster", "app"), ("pillion.listener", "in"), ("http.response.body.size", "2"), ("pillion.request_id", proxy.Record.Id.ToString()),
        })
        {
            Assert.Equal(value, Attribute(server, name));
        }

        Assert.Equal(("127.0.0.1", "8080", "app", null), (Attribute(client, "server.address"), Attribute(client, "server.port"), Attribute(client, "pillion.cluster"), Attribute(client, "http.request.resend_count")));
        Assert.Null(server["status"]);
        Assert.True((ulong)server["start"]! <= (ulong)client["start"]! && (ulong)client["end"]! <= (ulong)server["end"]!);
        Assert.Equal("unknown_service:pillion", Attribute(Resource(collector.Messages[0].Message), "service.name"));
        Assert.Equal("pillion", Attribute(Resource(collector.Messages[0].Message), "telemetry.sdk.name"));
    }

    [Fact]
    public void Every_attempt_has_its_own_span_and_says_why_it_was_made()
    {
        using var proxy = new ProxyFixture(retry: new RetryConfig { On = RetryOn.GatewayError, Retries = 2 });
        var collector = With(proxy);
        var answers = new Queue<string>(["HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 502 No\r\nContent-Length: 0\r\n\r\n", Ok]);
        proxy.Upstream.Answer = _ => answers.Dequeue();
        proxy.Get();
        proxy.AdvanceSeconds(1);
        collector.Flush();

        var attempts = collector.Spans.Where(span => (int)span["kind"]! == 3).ToList();
        Assert.Equal([(null, null, "503"), ("1", "503", "502"), ("2", "502", "200")], attempts.Select(span => (Attribute(span, "http.request.resend_count"), Attribute(span, "pillion.retry.reason"), Attribute(span, "http.response.status_code"))));
        Assert.Equal([2, 2, null], attempts.Select(span => (int?)span["status"]?["code"]));
        Assert.Equal(3, attempts.Select(span => (string)span["spanId"]!).Distinct().Count());
        Assert.Equal(attempts.Select(span => (string)span["spanId"]!), proxy.Upstream.Requests.Select(request => request[(request.IndexOf("traceparent: ", StringComparison.Ordinal) + 13)..].Split('-')[2]));
        Assert.Equal("3", Attribute(collector.Spans.Single(span => (int)span["kind"]! == 2), "pillion.attempts"));
    }

    [Fact]
    public void A_request_that_failed_says_how_and_one_that_was_the_clients_mistake_is_no_error()
    {
        using var proxy = new ProxyFixture();
        var collector = With(proxy);
        proxy.Upstream.Answer = request => request.StartsWith("GET /missing", StringComparison.Ordinal) ? "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n" : Ok;
        proxy.Get("/missing");
        proxy.Upstream.Close();
        proxy.Upstream.Connections.ForEach(connection => connection.Send("", end: true));
        proxy.Get("/refused");
        collector.Flush();

        var servers = collector.Spans.Where(span => (int)span["kind"]! == 2).ToList();
        Assert.Null(servers[0]["status"]);
        Assert.Equal((2, "connect_refused", "503", "UF"), ((int)servers[1]["status"]!["code"]!, Attribute(servers[1], "error.type"), Attribute(servers[1], "http.response.status_code"), Attribute(servers[1], "pillion.response_flags")));
        Assert.Contains("Pillion answered 503", (string)servers[1]["status"]!["message"]!, StringComparison.Ordinal);
        var clients = collector.Spans.Where(span => (int)span["kind"]! == 3).ToList();
        Assert.Equal("404", Attribute(clients[0], "error.type"));
    }

    [Theory]
    [InlineData("00", 0)]
    [InlineData("01", 2)]
    public void What_the_caller_has_decided_is_followed(string flags, int spans)
    {
        using var proxy = new ProxyFixture();
        var collector = With(proxy, tracing => tracing with { Sample = flags == "00" ? 100 : 0 });
        proxy.Upstream.Answer = _ => Ok;
        proxy.Request($"GET / HTTP/1.1\r\nHost: a\r\ntraceparent: 00-{Trace}-{Parent}-{flags}\r\n\r\n");
        collector.Flush();
        Assert.Equal(spans, collector.Spans.Count());
        if (spans == 0)
        {
            // No span of ours stands between: the upstream's parent is the caller's.
            Assert.Contains($"traceparent: 00-{Trace}-{Parent}-00\r\n", proxy.Upstream.Requests[0]);
        }
    }

    [Fact]
    public void A_share_of_the_traces_begun_here_is_about_that_share_and_the_upstream_is_told_which()
    {
        using var proxy = new ProxyFixture();
        var collector = With(proxy, tracing => tracing with { Sample = 25 });
        proxy.Upstream.Answer = _ => Ok;
        var client = proxy.Connect();
        for (var i = 0; i < 400; i++)
        {
            client.Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        }

        collector.Flush();
        var traces = collector.Spans.Select(span => (string)span["traceId"]!).ToHashSet();
        Assert.InRange(traces.Count, 70, 130);
        Assert.Equal(traces.Count, proxy.Upstream.Requests.Count(request => request.Contains("-01\r\n", StringComparison.Ordinal)));
        Assert.Equal(traces.Count * 2, collector.Spans.Count());
    }

    [Fact]
    public void A_client_may_ask_for_its_trace_to_be_recorded_where_that_is_allowed()
    {
        using var proxy = new ProxyFixture();
        var collector = With(proxy, tracing => tracing with { Sample = 0, ClientSample = 100 });
        proxy.Upstream.Answer = _ => Ok;
        proxy.Get();
        proxy.Request("GET / HTTP/1.1\r\nHost: a\r\nx-client-trace-id: me\r\n\r\n");
        collector.Flush();
        Assert.Single(collector.Spans, span => (int)span["kind"]! == 2);
    }

    [Theory]
    [InlineData($"b3: {Trace}-{Parent}-1", true)]
    [InlineData($"b3: {Trace}-{Parent}-d", true)]
    [InlineData($"X-B3-TraceId: {Trace}\r\nX-B3-SpanId: {Parent}\r\nX-B3-Sampled: 1", true)]
    [InlineData($"X-B3-TraceId: {Trace}\r\nX-B3-SpanId: {Parent}\r\nX-B3-Flags: 1", true)]
    [InlineData($"b3: {Trace}-{Parent}-0", false)]
    [InlineData("b3: 0", false)]
    public void B3_is_continued_in_either_form_and_told_in_every_format(string header, bool recorded)
    {
        using var proxy = new ProxyFixture();
        var collector = With(proxy, tracing => tracing with { Formats = [TraceFormat.B3Multi, TraceFormat.W3c] });
        proxy.Upstream.Answer = _ => Ok;
        proxy.Request($"GET / HTTP/1.1\r\nHost: a\r\n{header}\r\n\r\n");
        collector.Flush();
        var request = proxy.Upstream.Requests[0];
        Assert.DoesNotContain("b3: ", request.Replace("X-B3-", "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Equal(recorded ? 2 : 0, collector.Spans.Count());
        if (recorded)
        {
            var client = collector.Spans.Single(span => (int)span["kind"]! == 3);
            Assert.Equal(Trace, (string)client["traceId"]!);
            Assert.Contains($"X-B3-TraceId: {Trace}\r\n", request);
            Assert.Contains($"X-B3-SpanId: {client["spanId"]}\r\n", request);
            Assert.Contains("X-B3-Sampled: 1\r\n", request);
            Assert.DoesNotContain("X-B3-Flags", request);
            Assert.Contains($"traceparent: 00-{Trace}-{client["spanId"]}-01\r\n", request);
            Assert.Equal(Parent, (string)collector.Spans.Single(span => (int)span["kind"]! == 2)["parentSpanId"]!);
        }
        else
        {
            Assert.Contains("X-B3-Sampled: 0\r\n", request);
        }
    }

    [Fact]
    public void A_grpc_call_is_named_by_what_it_calls_and_tells_its_status()
    {
        using var proxy = new ProxyFixture(cluster: app => app with { Protocol = HttpProtocol.Http2 });
        var collector = With(proxy);
        proxy.Upstream.SpeakHttp2();
        proxy.ConnectHttp2().Ask("POST", "/shop.Cart/Add", "message", fields: [("content-type", "application/grpc"), ("traceparent", $"00-{Trace}-{Parent}-01")]);
        var call = proxy.Upstream.Http2[0].Next().Read();
        call.Answer(trailers: "grpc-status: 5\n", fields: ("content-type", "application/grpc"));
        collector.Flush();

        var client = collector.Spans.Single(span => (int)span["kind"]! == 3);
        Assert.Contains($"traceparent: 00-{Trace}-{client["spanId"]}-01\n", call.Head, StringComparison.Ordinal);
        Assert.All(collector.Spans, span => Assert.Equal(
            ("shop.Cart/Add", "grpc", "shop.Cart", "Add", "5"),
            ((string)span["name"]!, Attribute(span, "rpc.system"), Attribute(span, "rpc.service"), Attribute(span, "rpc.method"), Attribute(span, "rpc.grpc.status_code"))));
    }

    [Fact]
    public void Tags_come_from_the_configuration_and_from_headers()
    {
        using var proxy = new ProxyFixture();
        ValueList<CustomTag> tags = [new("env", "test", null, null), new("tenant", null, "x-tenant", "nobody"), new("other", null, "x-other", "nobody"), new("none", null, "x-none", null)];
        var collector = With(proxy, tracing => tracing with { Tags = tags, Query = true, Attempts = false });
        proxy.Upstream.Answer = _ => Ok;
        proxy.Request("GET /?a=b HTTP/1.1\r\nHost: a\r\nX-Tenant: acme\r\n\r\n");
        collector.Flush();
        var span = Assert.Single(collector.Spans);
        Assert.Equal(("test", "acme", "nobody", null, "a=b"), (Attribute(span, "env"), Attribute(span, "tenant"), Attribute(span, "other"), Attribute(span, "none"), Attribute(span, "url.query")));
        Assert.Contains($"-{span["spanId"]}-01\r\n", proxy.Upstream.Requests[0]);
    }

    [Fact]
    public void What_a_client_sends_that_is_no_text_does_not_break_the_batch()
    {
        using var proxy = new ProxyFixture();
        var collector = With(proxy, tracing => tracing with { Tags = [new("tenant", null, "x-tenant", null)] });
        proxy.Upstream.Answer = _ => Ok;
        proxy.Request("BREW /\u00e9 HTTP/1.1\r\nHost: a\r\nX-Tenant: \u00ff\u00fe\r\nUser-Agent: \u00c3\r\n\r\n");
        proxy.Request("BREW / HTTP/1.1\r\nHost: a\r\nX-Tenant: \u00ff\u00fe\r\nUser-Agent: \u00c3\r\n\r\n");
        collector.Flush();
        var span = collector.Spans.First(span => (int)span["kind"]! == 2);
        Assert.Equal(("HTTP all", "_OTHER", "BREW"), ((string)span["name"]!, Attribute(span, "http.request.method"), Attribute(span, "http.request.method_original")));
    }

    internal static Collector With(ProxyFixture proxy, Func<TracingConfig, TracingConfig>? tracing = null, Func<OtlpConfig, OtlpConfig>? otlp = null, OtlpProtocol protocol = OtlpProtocol.Grpc, ValueList<OtlpConfig>? sinks = null)
    {
        var collector = new Collector(proxy, protocol);
        var export = new OtlpConfig { Cluster = "collector", Protocol = protocol };
        export = otlp?.Invoke(export) ?? export;
        var config = new TracingConfig { Export = export };
        config = tracing?.Invoke(config) ?? config;
        var listener = proxy.Config.Listeners[0];
        Assert.Empty(proxy.Reload(proxy.Config with
        {
            Listeners = [listener with { Chains = [listener.Chains[0] with { Http = listener.Chains[0].Http! with { Tracing = config } }] }],
            Clusters = [proxy.Config.Clusters[0], Collector.Cluster(protocol)],
            MetricSinks = sinks ?? [],
        }));
        return collector;
    }
}
