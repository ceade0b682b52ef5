using Pillion.Core.Configuration;
using Pillion.Core.Signals;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Filters.Faults;
using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Proxy.Filters;

public sealed class FaultFilterTests
{
    [Fact]
    public void An_abort_answers_with_its_status_and_says_which_line_asked_for_it()
    {
        using var fixture = With(new() { AbortStatus = 418, Source = new SourceLine("p.yaml", 7, 3, "inbound.fault") });
        var client = fixture.Get();

        Assert.StartsWith("HTTP/1.1 418 ", client.Received);
        Assert.Contains("a fault was injected on purpose", client.Received);
        Assert.Contains("p.yaml:7", client.Received);
        Assert.Empty(fixture.Upstream.Connections);
        Assert.Equal(ResponseFlags.FI, fixture.Record.Flags);
        Assert.Equal(new Verdict("fault", "aborted", default), fixture.Record.Verdicts[0]);
        Assert.Contains(fixture.Metrics.Collect(), family => family.Series.Any(series => series is { Owner: "in.fault", LabelValue: "aborted", Value: 1 }));
    }

    [Fact]
    public void A_delay_holds_the_request_back_for_its_time()
    {
        using var fixture = With(new() { Delay = TimeSpan.FromSeconds(2) });
        fixture.Upstream.Answer = _ => "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
        var client = fixture.Get();

        fixture.AdvanceSeconds(1.9);
        Assert.Empty(fixture.Upstream.Connections);
        fixture.AdvanceSeconds(0.2);
        Assert.StartsWith("HTTP/1.1 200 ", client.Received);
        Assert.Equal(ResponseFlags.DI, fixture.Record.Flags);
    }

    [Fact]
    public void A_client_that_leaves_while_it_is_held_back_is_let_go()
    {
        using var fixture = With(new() { Delay = TimeSpan.FromSeconds(2) });
        var client = fixture.Get();
        fixture.AdvanceSeconds(1);
        client.Reset();
        fixture.AdvanceSeconds(2);

        Assert.Empty(fixture.Upstream.Connections);
        Assert.Equal(ResponseFlags.DI | ResponseFlags.DC, fixture.Record.Flags);
    }

    [Fact]
    public void So_many_are_held_back_at_once_and_the_others_pass_unharmed()
    {
        using var fixture = With(new() { Delay = TimeSpan.FromSeconds(2), MaxActive = 1 });
        fixture.Upstream.Answer = _ => "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
        var held = fixture.Get();
        var passed = fixture.Get();

        Assert.Empty(held.Received);
        Assert.StartsWith("HTTP/1.1 200 ", passed.Received);
        fixture.AdvanceSeconds(2.1);
        Assert.StartsWith("HTTP/1.1 200 ", held.Received);
    }

    [Theory]
    [InlineData("x-envoy-fault-abort-request: 503", "503")]
    [InlineData("x-envoy-fault-abort-request: 42", "200")]
    [InlineData("x-envoy-fault-abort-request: 503\r\nx-envoy-fault-abort-request-percentage: 0", "200")]
    public void A_tester_may_ask_for_a_fault_by_header(string header, string status)
    {
        using var fixture = With(new() { HeaderAbort = true });
        fixture.Upstream.Answer = _ => "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
        Assert.StartsWith($"HTTP/1.1 {status} ", fixture.Request($"GET / HTTP/1.1\r\nHost: a\r\n{header}\r\n\r\n").Received);
    }

    [Fact]
    public void Without_being_allowed_to_nobody_can_ask_for_a_fault()
    {
        using var fixture = With(new() { Delay = TimeSpan.FromMilliseconds(1) });
        fixture.Upstream.Answer = _ => "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
        var client = fixture.Request("GET / HTTP/1.1\r\nHost: a\r\nx-envoy-fault-abort-request: 503\r\nx-envoy-fault-delay-request: 5000\r\n\r\n");
        fixture.Advance(TimeSpan.FromMilliseconds(20));
        Assert.StartsWith("HTTP/1.1 200 ", client.Received);
    }

    [Fact]
    public void A_share_of_the_requests_is_about_that_share()
    {
        using var fixture = With(new() { AbortStatus = 503, AbortPercent = 25 });
        fixture.Upstream.Answer = _ => "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
        var aborted = Enumerable.Range(0, 400).Count(_ => fixture.Get().Received.StartsWith("HTTP/1.1 503 ", StringComparison.Ordinal));
        Assert.InRange(aborted, 70, 130);
    }

    [Fact]
    public void Only_requests_whose_headers_are_so_meet_it()
    {
        using var fixture = With(new() { AbortStatus = 503, Headers = [new ValueMatchConfig { Name = "x-tester", Kind = ValueMatchKind.Present }] });
        fixture.Upstream.Answer = _ => "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
        Assert.StartsWith("HTTP/1.1 200 ", fixture.Get().Received);
        Assert.StartsWith("HTTP/1.1 503 ", fixture.Request("GET / HTTP/1.1\r\nHost: a\r\nx-tester: me\r\n\r\n").Received);
    }

    private static ProxyFixture With(FaultConfig fault) => new(route: route => route with { Filters = [fault] });
}
