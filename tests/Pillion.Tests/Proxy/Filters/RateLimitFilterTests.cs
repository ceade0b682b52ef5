using Pillion.Core.Configuration;
using Pillion.Core.Signals;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Filters.RateLimits;
using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Proxy.Filters;

public sealed class RateLimitFilterTests
{
    private const string Ok = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

    private static readonly SourceLine Line = new("p.yaml", 7, 3, "inbound.rate_limit");

    [Fact]
    public void Above_the_limit_a_request_gets_429_and_hears_when_to_come_back_and_which_line_says_so()
    {
        using var fixture = With(new() { Limits = [new() { Burst = 2, Tokens = 1, Interval = TimeSpan.FromSeconds(10), Source = Line }], Source = Line });
        Assert.StartsWith("HTTP/1.1 200 ", fixture.Get().Received);
        Assert.StartsWith("HTTP/1.1 200 ", fixture.Get().Received);
        var refused = fixture.Get().Received;

        Assert.StartsWith("HTTP/1.1 429 ", refused);
        Assert.Contains("\r\nx-envoy-ratelimited: true\r\n", refused);
        Assert.Contains("\r\nRetry-After: 10\r\n", refused, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("1 in 10s, 2 at once", refused);
        Assert.Contains("p.yaml:7", refused);
        Assert.Equal(ResponseFlags.RL, fixture.Record.Flags);
        Assert.Equal(new Verdict("rate_limit", "limited", default), fixture.Record.Verdicts[0]);
        Assert.Equal(2, fixture.Upstream.Requests.Count);
        Assert.Contains(fixture.Metrics.Collect(), family => family.Series.Any(series => series is { Owner: "in.rate_limit", LabelValue: "limited", Value: 1 }));

        fixture.AdvanceSeconds(10);
        Assert.StartsWith("HTTP/1.1 200 ", fixture.Get().Received);
        Assert.StartsWith("HTTP/1.1 429 ", fixture.Get().Received);
    }

    [Fact]
    public void Each_value_of_a_header_has_a_bucket_of_its_own()
    {
        using var fixture = With(new() { Limits = [new() { Per = RateKey.Header, Header = "x-team" }] });
        Assert.Equal("200", Status(fixture, "x-team: a"));
        Assert.Equal("429", Status(fixture, "x-team: a"));
        Assert.Equal("200", Status(fixture, "x-team: b"));
        Assert.Equal("200", Status(fixture, "x-other: a"));
        Assert.Equal("429", Status(fixture, "x-other: b"));
    }

    [Fact]
    public void A_request_that_one_limit_refuses_takes_nothing_from_the_others()
    {
        using var fixture = With(new() { Limits = [new() { Burst = 2 }, new() { Per = RateKey.Header, Header = "x-team" }] });
        Assert.Equal("200", Status(fixture, "x-team: a"));
        Assert.Equal("429", Status(fixture, "x-team: a"));
        Assert.Equal("429", Status(fixture, "x-team: a"));
        Assert.Equal("200", Status(fixture, "x-team: b"));
        Assert.Equal("429", Status(fixture, "x-team: c"));
    }

    [Fact]
    public void A_dry_run_refuses_nothing_and_says_what_it_would_refuse()
    {
        using var fixture = With(new() { Limits = [new() { Source = Line }], EnforcedPercent = 0 });
        Assert.StartsWith("HTTP/1.1 200 ", fixture.Get().Received);
        Assert.StartsWith("HTTP/1.1 200 ", fixture.Get().Received);
        Assert.Equal(new Verdict("rate_limit", "would_limit", default), fixture.Record.Verdicts[0]);
    }

    [Fact]
    public void A_limit_in_dry_run_does_not_take_the_others_with_it()
    {
        using var fixture = With(new() { Limits = [new() { IsDryRun = true, Name = "new" }, new() { Burst = 2, Name = "old" }] });
        Assert.StartsWith("HTTP/1.1 200 ", fixture.Get().Received);
        Assert.StartsWith("HTTP/1.1 200 ", fixture.Get().Received);
        Assert.StartsWith("HTTP/1.1 429 ", fixture.Get().Received);
        Assert.Equal(["would_limit", "limited"], fixture.Record.Verdicts.ToArray().Select(verdict => verdict.Outcome));
    }

    [Fact]
    public void Where_asked_every_answer_says_what_is_left()
    {
        using var fixture = With(new() { Limits = [new() { Burst = 3, Tokens = 1 }], TellsRest = true });
        fixture.Upstream.Answer = _ => "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nx-ratelimit-remaining: 99\r\n\r\n";
        var answer = fixture.Get().Received;
        Assert.Contains("\r\nx-ratelimit-limit: 3\r\nx-ratelimit-remaining: 2\r\nx-ratelimit-reset: 1\r\n", answer);
        Assert.DoesNotContain("99", answer);
    }

    [Fact]
    public void Only_requests_whose_headers_are_so_are_counted()
    {
        using var fixture = With(new() { Limits = [new() { Headers = [new ValueMatchConfig { Name = ":method", Kind = ValueMatchKind.Exact, Value = "POST" }] }] });
        Assert.Equal("200", Status(fixture, "a: b"));
        Assert.Equal("200", Status(fixture, "a: b"));
        Assert.Equal(0, fixture.Record.VerdictCount);
    }

    [Fact]
    public void Buckets_outlive_a_reload_that_does_not_change_the_limit()
    {
        using var fixture = With(new() { Limits = [new()] });
        Assert.StartsWith("HTTP/1.1 200 ", fixture.Get().Received);
        Assert.Empty(fixture.Reload(fixture.Config));
        Assert.StartsWith("HTTP/1.1 429 ", fixture.Get().Received);
        Assert.Empty(fixture.Reload(ProxyFixture.Make(route: route => route with { Filters = [new RateLimitConfig { Limits = [new() { Burst = 2 }] }] })));
        Assert.StartsWith("HTTP/1.1 200 ", fixture.Get().Received);
    }

    [Fact]
    public void A_descriptor_has_its_own_bucket_for_requests_that_are_described_so()
    {
        using var fixture = With(new()
        {
            Limits = [new() { Burst = 100 }],
            Descriptors =
            [
                new([new("path", "/slow")], new() { Name = "slow" }),
                new([new("client", "")], new() { Burst = 2, Name = "client" }),
            ],
            Actions =
            [
                new([new() { Kind = RateActionKind.RequestHeader, Key = "path", Header = ":path" }], 0),
                new([new() { Kind = RateActionKind.RequestHeader, Key = "client", Header = "x-client" }], 0),
            ],
        });
        Assert.Equal("200", Status(fixture, "a: b", "/slow"));
        Assert.Equal("429", Status(fixture, "a: b", "/slow"));
        Assert.Equal("200", Status(fixture, "a: b", "/fast"));
        Assert.Equal("200", Status(fixture, "x-client: 1", "/fast"));
        Assert.Equal("200", Status(fixture, "x-client: 1", "/fast"));
        Assert.Equal("429", Status(fixture, "x-client: 1", "/fast"));
        Assert.Equal("200", Status(fixture, "x-client: 2", "/fast"));
    }

    [Fact]
    public void A_grpc_call_above_the_limit_ends_with_RESOURCE_EXHAUSTED()
    {
        using var fixture = With(new() { Limits = [new()] });
        fixture.Get();
        var client = fixture.Request("POST /a.B/C HTTP/1.1\r\nHost: a\r\nContent-Type: application/grpc\r\nContent-Length: 0\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 200 ", client.Received);
        Assert.Contains("grpc-status: 8\r\n", client.Received);
    }

    private static string Status(ProxyFixture fixture, string header, string path = "/") =>
        fixture.Request($"GET {path} HTTP/1.1\r\nHost: a\r\n{header}\r\n\r\n").Received.Split(' ')[1];

    private static ProxyFixture With(RateLimitConfig limit)
    {
        var fixture = new ProxyFixture(route: route => route with { Filters = [limit] });
        fixture.Upstream.Answer = _ => Ok;
        return fixture;
    }
}
