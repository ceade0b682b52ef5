using Pillion.Core.Signals;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Configuration.Balancing;
using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Proxy.Clusters.Levels;

/// <summary>Requests that get no endpoint hear why, and reloads keep what they can.</summary>
public sealed class RefusalTests
{
    [Fact]
    public void Labels_that_no_endpoint_has_are_named_in_the_answer()
    {
        using var proxy = new ProxyFixture(
            forward: action => action with { Labels = Plans.Labels("version=v9") },
            cluster: app => app with { Balancing = new() { Subsets = new() { Selectors = [new(["version"])] } } });
        var client = proxy.Get();
        Assert.StartsWith("HTTP/1.1 503 ", client.Received);
        Assert.Contains("no endpoint has the labels version=v9", client.Received);
        Assert.Equal(ResponseFlags.UH, proxy.Record.Flags);
        Assert.Equal((1, 1), (proxy.ClusterMetrics.SubsetsFallback, proxy.ClusterMetrics.NoEndpoint));
    }

    [Fact]
    public void A_grpc_call_hears_it_as_a_grpc_status()
    {
        using var proxy = new ProxyFixture(
            forward: action => action with { Labels = Plans.Labels("version=v9") },
            cluster: app => app with { Balancing = new() { Subsets = new() { Selectors = [new(["version"])] } } });
        var asked = proxy.ConnectHttp2().Ask("POST", "/s/m", body: "", fields: [("content-type", "application/grpc")]);
        proxy.Drive();
        Assert.Contains("grpc-status: 14", asked.Fields);
        Assert.Contains("version=v9", asked.Fields);
    }

    [Fact]
    public void Without_panic_it_is_said_how_many_could_have_been_used()
    {
        using var proxy = new ProxyFixture(cluster: app => app with
        {
            Endpoints = [ProxyFixture.Endpoint(8080), ProxyFixture.Endpoint(8081)],
            Balancing = new() { PanicPercent = 0 },
        });
        var endpoints = proxy.Role.Live.Clusters["app"].Endpoints;
        foreach (var endpoint in endpoints.All.AsSpan())
        {
            endpoint.IsUnhealthy = true;
        }

        endpoints.HealthChanged();
        Assert.Contains("of 2 endpoints none may be used, and failing ones are not", proxy.Get().Received);
    }

    [Fact]
    public void A_route_that_asks_for_nothing_is_told_of_the_labels_where_envoy_would_refuse_it()
    {
        using var proxy = new ProxyFixture(cluster: app => app with { Balancing = new() { Subsets = new() { Selectors = [new(["version"])] } } });
        Assert.Contains("the request asks for no labels, and the cluster has endpoints only for those that do", proxy.Get().Received);
    }

    [Fact]
    public void Peak_ewma_learns_from_real_requests()
    {
        using var proxy = new ProxyFixture(cluster: app => app with { Balancer = "peak_ewma", Endpoints = [ProxyFixture.Endpoint(8080), ProxyFixture.Endpoint(8081)] });
        proxy.Upstream.Answer = _ => "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n";
        var good = proxy.Listen(8081);
        good.Answer = _ => "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
        for (var i = 0; i < 200; i++)
        {
            var client = proxy.Get();
            proxy.Advance(TimeSpan.FromMilliseconds(50));
            client.Close();
        }

        // Ten seconds: the guess of a second has faded, the penalty of five has not.
        Assert.InRange(proxy.Upstream.Requests.Count, 1, 12);
        Assert.InRange(good.Requests.Count, 188, 199);
    }

    [Fact]
    public void An_endpoint_that_a_reload_adds_starts_slowly_and_the_others_do_not()
    {
        using var proxy = new ProxyFixture();
        var before = proxy.Role.Live.Clusters["app"].Endpoints;
        proxy.Upstream.Answer = _ => "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
        var second = proxy.Listen(8081);
        second.Answer = _ => "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
        proxy.AdvanceSeconds(60);
        Assert.Empty(proxy.Reload(ProxyFixture.Make(cluster: app => app with
        {
            Endpoints = [ProxyFixture.Endpoint(8080), ProxyFixture.Endpoint(8081)],
            Balancing = new() { SlowStart = new() { Window = TimeSpan.FromSeconds(100) } },
        })));
        Assert.NotSame(before, proxy.Role.Live.Clusters["app"].Endpoints);
        for (var i = 0; i < 110; i++)
        {
            proxy.Get().Close();
        }

        Assert.Equal((100, 10), (proxy.Upstream.Requests.Count, second.Requests.Count));
        proxy.AdvanceSeconds(100);
        for (var i = 0; i < 100; i++)
        {
            proxy.Get().Close();
        }

        Assert.Equal(60, second.Requests.Count);
    }
}
