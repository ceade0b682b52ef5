using Pillion.Core.Configuration;
using Pillion.Core.Signals;
using Pillion.Proxy.Filters.Concurrency;
using Pillion.Proxy.Filters.Faults;
using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Proxy.Filters;

public sealed class ConcurrencyFilterTests
{
    private const string Ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

    private static readonly ConcurrencyConfig One = new() { Max = 1, Source = new SourceLine("p.yaml", 12, 9, "outbound.services.a.routes[0].concurrency") };

    [Fact]
    public void A_request_above_the_number_is_refused_and_says_which_line_asked_for_it()
    {
        using var proxy = new ProxyFixture(route: route => route with { Filters = [One] });
        var first = proxy.Get();
        var second = proxy.Get();
        Assert.StartsWith("HTTP/1.1 503 ", second.Received);
        Assert.Contains("a limit is reached: concurrency is 1 (p.yaml:12: outbound.services.a.routes[0].concurrency)", second.Received);
        Assert.Equal(ResponseFlags.UO, proxy.Record.Flags);
        Assert.Equal(new Verdict("concurrency", "refused", default), proxy.Record.Verdicts[0]);
        proxy.Upstream.Next().Send(Ok);
        Assert.StartsWith("HTTP/1.1 200 ", first.Received);
        proxy.Upstream.Answer = _ => Ok;
        Assert.StartsWith("HTTP/1.1 200 ", proxy.Get().Received);
    }

    [Fact]
    public void A_gRPC_call_and_a_stream_of_HTTP2_are_counted_and_refused_alike()
    {
        using var proxy = new ProxyFixture(route: route => route with { Filters = [One] });
        var open = proxy.Get();
        var client = proxy.ConnectHttp2();
        var call = client.Ask("POST", "/a.B/C", fields: [("content-type", "application/grpc"), ("te", "trailers")]);
        Assert.Equal(200, call.Status);
        Assert.Contains("grpc-status: 14", call.Fields);
        Assert.Equal(503, client.Ask().Status);
        proxy.Upstream.Next().Send(Ok);
        Assert.StartsWith("HTTP/1.1 200 ", open.Received);
    }

    [Fact]
    public void However_a_request_ends_its_place_is_free_again()
    {
        using var proxy = new ProxyFixture(
            route: route => route with { Filters = [One, new FaultConfig { Delay = TimeSpan.FromSeconds(1), AbortStatus = 418, AbortPercent = 50 }] },
            forward: forward => forward with { Timeout = TimeSpan.FromSeconds(2) });
        var random = new Random(3);
        for (var i = 0; i < 60; i++)
        {
            var client = proxy.Get();
            proxy.Advance(TimeSpan.FromMilliseconds(random.Next(1500)));
            switch (random.Next(3))
            {
                case 0:
                    client.Reset();
                    break;
                case 1 when proxy.Upstream.Waiting > 0:
                    proxy.Upstream.Next().Reset();
                    break;
            }

            proxy.AdvanceSeconds(4);
            Assert.DoesNotContain("concurrency", client.Received);
        }
    }

    [Fact]
    public void A_reload_that_does_not_change_it_goes_on_counting()
    {
        using var proxy = new ProxyFixture(route: route => route with { Filters = [One] });
        proxy.Get();
        proxy.Reload(ProxyFixture.Make(route: route => route with { Filters = [One] }, http: http => http with { MaxRequestsPerConnection = 7 }));
        Assert.StartsWith("HTTP/1.1 503 ", proxy.Get().Received);
        proxy.Upstream.Next().Send(Ok);
    }
}
