using Pillion.Core.Configuration;
using Pillion.Core.Signals;
using Pillion.Proxy.Configuration;
using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Proxy.Upstreams.Circuits;

/// <summary>What a cluster takes at the same time, who waits and who is refused.</summary>
public sealed class CircuitBreakerTests
{
    private const string Get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    private const string Ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

    private static readonly SourceLine Line = new("p.yaml", 9, 7, "outbound.services.app.limits.max_requests");

    [Fact]
    public void A_request_above_the_limit_is_refused_at_once_and_told_which_limit_and_which_line()
    {
        using var proxy = With(new() { MaxRequests = new(1, Line) });
        var first = proxy.Get();
        var second = proxy.Get();

        Assert.StartsWith("HTTP/1.1 503 ", second.Received);
        Assert.Contains("x-envoy-overloaded: true\r\n", second.Received, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("a limit of cluster app is reached: max_requests is 1 (p.yaml:9: outbound.services.app.limits.max_requests)", second.Received);
        Assert.Equal(ResponseFlags.UO, proxy.Record.Flags);
        Assert.Equal(new Verdict("circuit_breaker", "refused: max_requests is 1", default), proxy.Record.Verdicts[0]);
        Assert.Equal("p.yaml", proxy.Record.Verdicts[0].Source.File);
        Assert.Equal(1, proxy.ClusterMetrics.PendingOverflow);
        Assert.Equal(1, Gauge(proxy, "circuit_breakers_default_rq_open"));

        proxy.Upstream.Next().Send(Ok);
        Assert.StartsWith("HTTP/1.1 200 ", first.Received);
        Assert.Equal(0, Gauge(proxy, "circuit_breakers_default_rq_open"));
        proxy.Upstream.Answer = _ => Ok;
        Assert.StartsWith("HTTP/1.1 200 ", proxy.Get().Received);
    }

    [Fact]
    public void A_gRPC_call_above_the_limit_gets_a_status_of_its_own_protocol()
    {
        using var proxy = With(new() { MaxRequests = new(0) });
        var client = proxy.Request("POST /a.B/C HTTP/1.1\r\nHost: a\r\nContent-Type: application/grpc\r\nTE: trailers\r\nContent-Length: 0\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 200 ", client.Received);
        Assert.Contains("grpc-status: 14\r\n", client.Received);
        Assert.Contains("max_requests is 0", client.Received);
    }

    [Fact]
    public void At_the_limit_of_connections_requests_wait_in_their_order_and_share_what_there_is()
    {
        using var proxy = With(new() { MaxConnections = new(1) });
        var clients = Enumerable.Range(0, 3).Select(i => proxy.Get($"/{i}")).ToList();
        var upstream = proxy.Upstream.Next();
        Assert.Equal(0, proxy.Upstream.Waiting);
        Assert.Equal(2, proxy.ClusterMetrics.ConnectionsOverflow);
        for (var i = 0; i < 3; i++)
        {
            Assert.StartsWith($"GET /{i} ", upstream.TakeHead());
            Assert.Empty(clients[i].Received);
            upstream.Send(Ok);
            Assert.StartsWith("HTTP/1.1 200 ", clients[i].Received);
        }

        Assert.Single(proxy.Upstream.Connections);
        Assert.Equal(0, proxy.ClusterMetrics.PendingOverflow);
    }

    [Fact]
    public void The_queue_is_bounded_and_what_finds_it_full_is_refused()
    {
        using var proxy = With(new() { MaxConnections = new(1), MaxPending = new(1) });
        var served = proxy.Get();
        var waits = proxy.Get();
        var refused = proxy.Get();
        Assert.Contains("max_pending_requests is 1 (default)", refused.Received);
        Assert.Equal((1, 1, 1), (Gauge(proxy, "circuit_breakers_default_cx_open"), Gauge(proxy, "circuit_breakers_default_rq_pending_open"), proxy.ClusterMetrics.PendingOverflow));
        proxy.Upstream.Next().Send(Ok);
        proxy.Upstream.Connections[0].Send(Ok);
        Assert.StartsWith("HTTP/1.1 200 ", served.Received);
        Assert.StartsWith("HTTP/1.1 200 ", waits.Received);
    }

    [Fact]
    public void A_queue_that_does_not_move_makes_the_cluster_fail_fast_until_a_connection_becomes_free()
    {
        using var proxy = With(new() { MaxConnections = new(1), QueueTimeout = TimeSpan.FromSeconds(3) });
        var hangs = proxy.Get();
        var waits = proxy.Get();
        proxy.AdvanceSeconds(2.9);
        Assert.Empty(waits.Received);
        proxy.AdvanceSeconds(0.2);
        Assert.Contains("max_connections is 1 (default); it waited for queue_timeout, 3s (default)", waits.Received);
        Assert.Equal(1, proxy.ClusterMetrics.QueueTimeouts);
        Assert.Contains(proxy.Logger.Lines, line => line.Text.Contains("nobody got a connection for 3s", StringComparison.Ordinal));

        var refused = proxy.Get();
        Assert.Contains("nobody got a connection within queue_timeout, 3s (default), so nobody else waits", refused.Received);
        Assert.Equal(1, Gauge(proxy, "circuit_breakers_default_fail_fast"));

        proxy.Upstream.Next().Send(Ok);
        Assert.StartsWith("HTTP/1.1 200 ", hangs.Received);
        Assert.Equal(0, Gauge(proxy, "circuit_breakers_default_fail_fast"));
        proxy.Upstream.Answer = _ => Ok;
        Assert.StartsWith("HTTP/1.1 200 ", proxy.Get().Received);
    }

    [Fact]
    public void A_queue_that_moves_refuses_only_who_has_waited_too_long()
    {
        using var proxy = With(new() { MaxConnections = new(1), QueueTimeout = TimeSpan.FromSeconds(3) });
        proxy.Get();
        var second = proxy.Get();
        var third = proxy.Get();
        proxy.AdvanceSeconds(2);
        proxy.Upstream.Next().Send(Ok);
        proxy.AdvanceSeconds(1.1);
        Assert.Empty(second.Received);
        Assert.Contains("it waited for queue_timeout", third.Received);
        Assert.Equal(0, Gauge(proxy, "circuit_breakers_default_fail_fast"));
        proxy.Upstream.Connections[0].Send(Ok);
        Assert.StartsWith("HTTP/1.1 200 ", second.Received);
    }

    [Fact]
    public void Requests_of_high_priority_have_connections_and_limits_of_their_own()
    {
        using var proxy = new ProxyFixture(
            http: http => http with
            {
                Routes = new RouteTableConfig
                {
                    VirtualHosts =
                    [
                        new VirtualHostConfig
                        {
                            Name = "any", Domains = ["*"],
                            Routes =
                            [
                                new RouteConfig { Name = "high", Match = new() { Path = new(PathMatchKind.Prefix, "/high") }, Action = new ForwardConfig { Cluster = "app", Priority = RoutePriority.High } },
                                new RouteConfig { Name = "rest", Match = new(), Action = new ForwardConfig { Cluster = "app" } },
                            ],
                        },
                    ],
                },
            },
            cluster: app => app with { DefaultCircuits = new() { MaxRequests = new(1) }, HighCircuits = new() { MaxRequests = new(2) } });
        proxy.Get("/");
        Assert.StartsWith("HTTP/1.1 503 ", proxy.Get("/").Received);
        var high = proxy.Get("/high");
        proxy.Get("/high");
        Assert.StartsWith("HTTP/1.1 503 ", proxy.Get("/high").Received);
        Assert.Equal(3, proxy.Upstream.Connections.Count);

        // Nor does one take over the other's idle connection.
        proxy.Upstream.Connections[1].Send(Ok);
        Assert.StartsWith("HTTP/1.1 200 ", high.Received);
        proxy.Upstream.Connections[0].Send(Ok);
        proxy.Get("/high");
        Assert.Equal(3, proxy.Upstream.Connections.Count);
        foreach (var connection in proxy.Upstream.Connections.Skip(1))
        {
            connection.Send(Ok);
        }
    }

    [Fact]
    public void An_idle_connection_to_another_endpoint_makes_room()
    {
        using var proxy = new ProxyFixture(cluster: app => app with { Endpoints = [ProxyFixture.Endpoint(8080), ProxyFixture.Endpoint(8081)], DefaultCircuits = new() { MaxConnections = new(1) } });
        var other = proxy.Listen(8081);
        proxy.Upstream.Answer = other.Answer = _ => Ok;
        for (var i = 0; i < 6; i++)
        {
            Assert.StartsWith("HTTP/1.1 200 ", proxy.Get().Received);
        }

        Assert.Equal(3, proxy.Upstream.Requests.Count);
        Assert.Equal(3, other.Requests.Count);
        Assert.Equal(1, proxy.ClusterMetrics.ConnectionsActive);
    }

    [Fact]
    public void A_request_that_waits_for_another_endpoint_gets_its_turn()
    {
        using var proxy = new ProxyFixture(cluster: app => app with { Endpoints = [ProxyFixture.Endpoint(8080), ProxyFixture.Endpoint(8081)], DefaultCircuits = new() { MaxConnections = new(1) } });
        var other = proxy.Listen(8081);
        var clients = Enumerable.Range(0, 4).Select(_ => proxy.Get()).ToList();
        Assert.Equal(1, proxy.Upstream.Connections.Count + other.Connections.Count);
        for (var i = 0; i < 4; i++)
        {
            foreach (var peer in proxy.Upstream.Connections.Concat(other.Connections).Where(peer => peer.Received.Length > 0 && !peer.IsOver).ToList())
            {
                peer.Take();
                peer.Send(Ok);
            }
        }

        Assert.All(clients, client => Assert.StartsWith("HTTP/1.1 200 ", client.Received));
    }

    [Fact]
    public void Each_endpoint_may_have_a_limit_of_connections_of_its_own()
    {
        using var proxy = new ProxyFixture(cluster: app => app with { Endpoints = [ProxyFixture.Endpoint(8080), ProxyFixture.Endpoint(8081)], DefaultCircuits = new() { MaxConnectionsPerEndpoint = new(1), QueueTimeout = TimeSpan.FromSeconds(1) } });
        var other = proxy.Listen(8081);
        var clients = Enumerable.Range(0, 4).Select(_ => proxy.Get()).ToList();
        Assert.Equal((1, 1), (proxy.Upstream.Connections.Count, other.Connections.Count));
        proxy.Upstream.Next().Send(Ok);
        proxy.AdvanceSeconds(1.1);
        Assert.Single(clients, client => client.Received.Contains("max_connections_per_endpoint is 1", StringComparison.Ordinal));
        proxy.Upstream.Connections[0].Send(Ok);
        other.Connections[0].Send(Ok);
        Assert.Equal(3, clients.Count(client => client.Received.StartsWith("HTTP/1.1 200 ", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_client_that_leaves_while_it_waits_gives_its_place_back()
    {
        using var proxy = With(new() { MaxConnections = new(1), MaxPending = new(1) });
        proxy.Get();
        proxy.Get().Reset();
        Assert.Equal(0, proxy.Role.Live.Clusters["app"].Breakers.Default.Queue.Count);
        var waits = proxy.Get();
        Assert.Empty(waits.Received);
        proxy.Upstream.Next().Send(Ok);
        proxy.Upstream.Connections[0].Send(Ok);
        Assert.StartsWith("HTTP/1.1 200 ", waits.Received);
    }

    [Fact]
    public void The_time_of_the_route_ends_the_wait_as_it_ends_everything()
    {
        using var proxy = new ProxyFixture(forward: forward => forward with { Timeout = TimeSpan.FromSeconds(2) }, cluster: app => app with { DefaultCircuits = new() { MaxConnections = new(1) } });
        var first = proxy.Get();
        var second = proxy.Get();
        proxy.AdvanceSeconds(2.1);
        Assert.StartsWith("HTTP/1.1 504 ", first.Received);
        Assert.StartsWith("HTTP/1.1 504 ", second.Received);
    }

    [Fact]
    public void Streams_of_one_HTTP2_connection_count_as_requests_and_wait_for_each_other()
    {
        using var proxy = new ProxyFixture(cluster: app => app with { Protocol = HttpProtocol.Http2, DefaultCircuits = new() { MaxConnections = new(1), MaxRequests = new(3) } });
        proxy.Upstream.SpeakHttp2(settings: Pillion.Net.Http.Http2.Http2Settings.Default with { MaxConcurrentStreams = 2 });
        var first = proxy.Get();
        proxy.Upstream.Http2[0].Calls[0].Answer(200);
        proxy.Drive();
        Assert.StartsWith("HTTP/1.1 200 ", first.Received);
        var clients = Enumerable.Range(0, 3).Select(_ => proxy.Get()).ToList();
        Assert.Equal(3, proxy.Upstream.Http2[0].Calls.Count);
        foreach (var call in proxy.Upstream.Http2[0].Calls.Skip(1).ToList())
        {
            call.Answer(200);
        }

        proxy.Drive();
        proxy.Upstream.Http2[0].Calls[3].Answer(200);
        proxy.Drive();
        Assert.All(clients, client => Assert.StartsWith("HTTP/1.1 200 ", client.Received));
        Assert.Single(proxy.Upstream.Http2);
    }

    [Fact]
    public void A_fixed_number_of_retries_takes_the_place_of_the_budget()
    {
        var retry = new RetryConfig { On = RetryOn.ServerError, Retries = 1, BackOff = TimeSpan.FromMilliseconds(1) };
        using var proxy = new ProxyFixture(retry: retry, cluster: app => app with { DefaultCircuits = new() { MaxRetries = 0, TrackRemaining = true } });
        proxy.Upstream.Answer = _ => "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n";
        proxy.Get();
        proxy.AdvanceSeconds(1);
        Assert.Single(proxy.Upstream.Requests);
        Assert.Equal(1, proxy.ClusterMetrics.RetriesOverflow);
        Assert.Equal((1, 0, 1024), (Gauge(proxy, "circuit_breakers_default_rq_retry_open"), Gauge(proxy, "circuit_breakers_default_remaining_retries"), Gauge(proxy, "circuit_breakers_default_remaining_rq")));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Whatever_clients_and_upstreams_do_nothing_that_was_taken_is_kept(int seed)
    {
        var random = new Random(seed);
        using var proxy = new ProxyFixture(
            forward: forward => forward with { Timeout = TimeSpan.FromSeconds(2) },
            cluster: app => app with
            {
                Endpoints = [ProxyFixture.Endpoint(8080), ProxyFixture.Endpoint(8081), ProxyFixture.Endpoint(8082)],
                DefaultCircuits = new() { MaxConnections = new(2), MaxConnectionsPerEndpoint = new(1), MaxPending = new(4), MaxRequests = new(2), QueueTimeout = TimeSpan.FromMilliseconds(300) },
            },
            seed: seed);
        var other = proxy.Listen(8081);
        var clients = new List<RawPeer>();
        for (var i = 0; i < 400; i++)
        {
            switch (random.Next(6))
            {
                case 0 or 1:
                    clients.Add(proxy.Get());
                    break;
                case 2 when clients.Count > 0:
                    clients[random.Next(clients.Count)].Reset();
                    break;
                case 3 or 4 when Busy() is { Count: > 0 } busy:
                    var peer = busy[random.Next(busy.Count)];
                    peer.Take();
                    peer.Send(Ok);
                    break;
                case 5 when Busy() is { Count: > 0 } busy:
                    busy[random.Next(busy.Count)].Reset();
                    break;
            }

            proxy.Advance(TimeSpan.FromMilliseconds(random.Next(120)));
            var limits = proxy.Role.Live.Clusters["app"].Breakers.Default.Limits;
            Assert.InRange(limits.Connections.Active, 0, 2);
            Assert.Equal(proxy.ClusterMetrics.PendingActive, limits.Pending.Active);
        }

        List<RawPeer> Busy() => [.. proxy.Upstream.Connections.Concat(other.Connections).Where(peer => peer.Received.Length > 0 && !peer.IsOver)];
    }

    private static double Gauge(ProxyFixture proxy, string name) =>
        proxy.Metrics.Collect().Single(family => family.Name == name).Series.Single(series => series.Owner == "app").Value;

    private static ProxyFixture With(CircuitBreakerConfig circuits) => new(cluster: app => app with { DefaultCircuits = circuits });
}
