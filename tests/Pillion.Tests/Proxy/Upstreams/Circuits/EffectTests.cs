using Pillion.Proxy.Configuration;
using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Proxy.Upstreams.Circuits;

/// <summary>The figures behind the pictures of docs/policies: a minute of twenty requests a second, in simulated time, with and without each policy.</summary>
public sealed class EffectTests(ITestOutputHelper output)
{
    private const string Ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    private const string Error = "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n";
    private const int PerSecond = 20;

    [Fact]
    public void An_upstream_that_hangs_for_ten_seconds_holds_what_the_limit_allows_and_not_what_comes()
    {
        var without = Hang(new() { MaxRequests = new(int.MaxValue), MaxConnections = new(int.MaxValue), MaxPending = new(int.MaxValue) });
        var with = Hang(new() { MaxRequests = new(20) });
        Tell("open requests, no limit", without);
        Tell("open requests, max_requests 20", with);
        Assert.Equal((200, 0), (without.Max(), without[15]));
        Assert.Equal(20, with.Max());
        Assert.Equal(0, with[15]);
    }

    [Fact]
    public void An_endpoint_that_fails_is_ejected_and_hardly_anybody_notices()
    {
        var without = Fail(null, null);
        var with = Fail(new(), null);
        var probed = Fail(new() { Probe = true }, null);
        Tell("errors per second, no detection", without);
        Tell("errors per second, ejected", with);
        Tell("errors per second, ejected and probed", probed);
        Assert.InRange(without.Sum(), 245, 255);
        Assert.InRange(with.Sum(), 10, 10);
        Assert.InRange(probed.Sum(), 6, 6);
    }

    [Fact]
    public void A_check_finds_an_endpoint_that_fails_within_its_interval()
    {
        var with = Fail(null, new() { Kind = HealthCheckKind.Http, Path = "/healthz", Interval = TimeSpan.FromSeconds(5), NoTrafficInterval = TimeSpan.FromSeconds(5) });
        Tell("errors per second, checked every 5 s", with);
        Assert.InRange(with.Sum(), 10, 30);
    }

    private int[] Hang(CircuitBreakerConfig circuits)
    {
        using var proxy = new ProxyFixture(cluster: app => app with { DefaultCircuits = circuits });
        proxy.Upstream.Answer = _ => Ok;
        var open = new List<int>();
        for (var second = 0; second < 30; second++)
        {
            if (second == 5)
            {
                proxy.Upstream.Answer = null;
            }
            else if (second == 15)
            {
                foreach (var peer in proxy.Upstream.Connections.Where(peer => peer.Received.Length > 0).ToList())
                {
                    peer.Take();
                    peer.Send(Ok);
                }

                proxy.Upstream.Answer = _ => Ok;
            }

            Second(proxy, _ => { });
            open.Add((int)proxy.ClusterMetrics.RequestsActive);
        }

        return [.. open];
    }

    private int[] Fail(OutlierConfig? outliers, HealthCheckConfig? check)
    {
        using var proxy = new ProxyFixture();
        var upstreams = new[] { proxy.Upstream, proxy.Listen(8081), proxy.Listen(8082), proxy.Listen(8083) };
        foreach (var upstream in upstreams)
        {
            upstream.Answer = _ => Ok;
        }

        proxy.Reload(ProxyFixture.Make(cluster: app => app with
        {
            Endpoints = new([.. Enumerable.Range(8080, 4).Select(ProxyFixture.Endpoint)]),
            Outliers = outliers,
            HealthChecks = check is null ? [] : [check],
        }));
        var errors = new List<int>();
        for (var second = 0; second < 60; second++)
        {
            if (second == 10)
            {
                upstreams[3].Answer = _ => Error;
            }

            var count = 0;
            Second(proxy, client => count += client.Received.StartsWith("HTTP/1.1 500 ", StringComparison.Ordinal) ? 1 : 0);
            errors.Add(count);
        }

        return [.. errors];
    }

    private static void Second(ProxyFixture proxy, Action<RawPeer> each)
    {
        for (var i = 0; i < PerSecond; i++)
        {
            each(proxy.Request("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
            proxy.Advance(TimeSpan.FromMilliseconds(1000 / PerSecond));
        }
    }

    private void Tell(string what, int[] figures) => output.WriteLine($"{what}: {string.Join(' ', figures)}");
}
