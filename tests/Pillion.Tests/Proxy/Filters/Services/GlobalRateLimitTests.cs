using Pillion.Core.Configuration;
using Pillion.Core.Protobuf;
using Pillion.Core.Signals;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Filters.GlobalRateLimits;
using Pillion.Proxy.Filters.RateLimits;
using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Proxy.Filters.Services;

/// <summary>A rate limit service: how requests are described to it, what its answer does, and that requests do not depend on it.</summary>
public sealed class GlobalRateLimitTests
{
    private static readonly ValueList<RateActionsConfig> Actions =
    [
        new([new() { Kind = RateActionKind.GenericKey, Key = "generic_key", Value = "all" }, new() { Kind = RateActionKind.RemoteAddress, Key = "remote_address" }], 0),
        new([new() { Kind = RateActionKind.RequestHeader, Key = "tenant", Header = "x-tenant" }], 0),
        new([new() { Kind = RateActionKind.HeaderValueMatch, Key = "header_match", Value = "posts", Headers = [new ValueMatchConfig { Name = ":method", Kind = ValueMatchKind.Exact, Value = "POST" }] }], 0),
    ];

    private static readonly GlobalRateLimitConfig Usual = new() { Cluster = "limits", Domain = "shop", Actions = Actions, Source = new SourceLine("p.yaml", 6, 3, "inbound.rate_limit_service") };

    [Fact]
    public void Each_description_that_applies_is_sent()
    {
        using var fixture = With(Usual, out var limits);
        var client = fixture.Request("GET / HTTP/1.1\r\nHost: a\r\nX-Tenant: one\r\n\r\n");
        var call = limits.Http2[0].Next();
        Assert.StartsWith("POST limits /envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit\n", call.Head);
        Assert.Contains("grpc-timeout: 20m\n", call.Head);
        var asked = GrpcAnswers.Message(call);
        Assert.Equal(["shop"], GrpcAnswers.Texts(asked, 1));
        Assert.Equal(["generic_key", "remote_address", "tenant"], GrpcAnswers.Texts(asked, 2, 1, 1));
        Assert.Equal(["all", "127.0.0.1", "one"], GrpcAnswers.Texts(asked, 2, 1, 2));
        GrpcAnswers.Reply(call, writer => writer.UInt(1, 1));
        Assert.StartsWith("HTTP/1.1 200 ", client.Received);
        Assert.Equal("allowed", fixture.Record.Verdicts[0].Outcome);

        _ = fixture.Request("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
        Assert.Equal(["generic_key", "remote_address", "header_match"], GrpcAnswers.Texts(GrpcAnswers.Message(limits.Http2[0].Next()), 2, 1, 1));
        fixture.Advance(TimeSpan.FromMilliseconds(40));
    }

    [Fact]
    public void A_request_that_nothing_describes_is_not_asked_about()
    {
        using var fixture = With(Usual with { Actions = [Actions[1]] }, out var limits);
        Assert.StartsWith("HTTP/1.1 200 ", fixture.Get().Received);
        Assert.Empty(limits.Http2);
        Assert.Equal(0, fixture.Record.VerdictCount);
    }

    [Fact]
    public void Above_the_limit_the_answer_is_429_and_says_whose_limit_it_is()
    {
        using var fixture = With(Usual with { TellsRest = true, ResponseHeaders = new() { Add = [new HeaderValueConfig("x-more", "later", HeaderAppend.Set)] } }, out var limits);
        var client = fixture.Get();
        GrpcAnswers.Reply(limits.Http2[0].Next(), writer =>
        {
            writer.UInt(1, 2);
            Status(writer, code: 1, requests: 100, unit: 2, "", remaining: 40, reset: 30);
            Status(writer, code: 2, requests: 10, unit: 1, "per-tenant", remaining: 0, reset: 1);
            Header(writer, 3, "x-service", "said");
            Header(writer, 4, "x-for-upstream", "no");
        });
        Assert.StartsWith("HTTP/1.1 429 ", client.Received);
        Assert.Contains("x-envoy-ratelimited: true\r\n", client.Received);
        Assert.Contains("x-ratelimit-limit: 10, 100;w=60, 10;w=1;name=\"per-tenant\"\r\n", client.Received);
        Assert.Contains("x-ratelimit-remaining: 0\r\n", client.Received);
        Assert.Contains("x-ratelimit-reset: 1\r\n", client.Received);
        Assert.Contains("x-service: said\r\n", client.Received);
        Assert.Contains("x-more: later\r\n", client.Received);
        Assert.Contains("limits says that the limit per-tenant of shop is passed", client.Received);
        Assert.Contains("p.yaml:6", client.Received);
        Assert.Equal(ResponseFlags.RL, fixture.Record.Flags);
        Assert.Empty(fixture.Upstream.Connections);
    }

    [Fact]
    public void What_passes_takes_the_headers_of_the_service_along()
    {
        using var fixture = With(Usual with { TellsRest = true }, out var limits);
        var client = fixture.Get();
        GrpcAnswers.Reply(limits.Http2[0].Next(), writer =>
        {
            writer.UInt(1, 1);
            Status(writer, code: 1, requests: 100, unit: 2, "", remaining: 40, reset: 30);
            Header(writer, 3, "x-service", "said");
            Header(writer, 4, "x-for-upstream", "yes");
        });
        Assert.Contains("x-ratelimit-limit: 100, 100;w=60\r\n", client.Received);
        Assert.Contains("x-service: said\r\n", client.Received);
        Assert.DoesNotContain("x-envoy-ratelimited", client.Received);
        Assert.Contains("x-for-upstream: yes\r\n", fixture.Upstream.Requests[0]);
    }

    [Fact]
    public void A_call_above_the_limit_gets_the_status_of_its_own_protocol()
    {
        using var fixture = With(Usual, out var limits);
        var asked = fixture.ConnectHttp2().Ask("POST", "/service/Method", "message", fields: [("content-type", "application/grpc")]);
        GrpcAnswers.Reply(limits.Http2[0].Next(), writer => writer.UInt(1, 2));
        Assert.Contains("grpc-status: 8\n", asked.Fields);
    }

    [Theory]
    [InlineData(false, 200, "failure_mode_allowed")]
    [InlineData(true, 500, "error")]
    public void A_service_that_is_slow_gone_or_mad_lets_pass_unless_the_file_says_otherwise(bool closed, int status, string word)
    {
        using var fixture = With(Usual with { FailsClosed = closed }, out var limits);
        var slow = fixture.Get();
        var call = limits.Http2[0].Next();
        fixture.Advance(TimeSpan.FromMilliseconds(30));
        Assert.StartsWith($"HTTP/1.1 {status} ", slow.Received);
        Assert.True(call.IsCancelled);
        Assert.Equal(word, fixture.Record.Verdicts[0].Outcome);

        foreach (byte[] message in (byte[][])[[], [8, 0], [8, 3], [0xff, 0xff], [18, 4, 18, 9, 8, 1]])
        {
            var mad = fixture.Get();
            GrpcAnswers.Reply(limits.Http2[0].Next(), message);
            Assert.StartsWith($"HTTP/1.1 {status} ", mad.Received);
        }

        limits.Close();
        limits.Http2[0].Abort();
        Assert.StartsWith($"HTTP/1.1 {status} ", fixture.Get().Received);
    }

    private static ProxyFixture With(GlobalRateLimitConfig config, out ScriptedUpstream limits)
    {
        var fixture = new ProxyFixture();
        fixture.Upstream.Answer = _ => "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
        limits = fixture.Listen(9002);
        limits.SpeakHttp2();
        var made = ProxyFixture.Make(route: route => route with { Filters = [config] });
        Assert.Empty(fixture.Reload(made with { Clusters = [.. made.Clusters, new ClusterConfig { Name = "limits", Endpoints = [ProxyFixture.Endpoint(9002)], Protocol = HttpProtocol.Http2 }] }));
        return fixture;
    }

    private static void Status(ProtoWriter writer, ulong code, ulong requests, ulong unit, string name, ulong remaining, ulong reset)
    {
        var status = writer.Begin(2);
        writer.UInt(1, code);
        var limit = writer.Begin(2);
        writer.UInt(1, requests);
        writer.UInt(2, unit);
        writer.Text(3, name);
        writer.End(limit);
        writer.UInt(3, remaining);
        var duration = writer.Begin(4);
        writer.UInt(1, reset);
        writer.End(duration);
        writer.End(status);
    }

    private static void Header(ProtoWriter writer, int field, string name, string value)
    {
        var header = writer.Begin(field);
        writer.Text(1, name);
        writer.Text(2, value);
        writer.End(header);
    }
}
