using Pillion.Core.Overload;
using Pillion.Core.Signals.Metrics;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Filters.Credentials.Injected;
using Pillion.Proxy.Mirroring;
using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Proxy.Mirroring;

/// <summary>Copies of requests for a cluster whose answers nobody gets.</summary>
public sealed class MirrorTests
{
    private const string Get = "GET /a?b=c HTTP/1.1\r\nHost: orders:8080\r\nX-A: 1\r\n\r\n";
    private const string Ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

    private static readonly MirrorConfig Mirror = new() { Cluster = "shadow" };

    [Fact]
    public void A_request_is_copied_with_its_host_marked_and_the_copys_answer_is_dropped()
    {
        using var proxy = Mirrored(out var shadow, Mirror);
        proxy.Upstream.Answer = _ => Ok;
        shadow.Answer = _ => "HTTP/1.1 500 No\r\nContent-Length: 200000\r\n\r\n" + new string('x', 200_000);
        var client = proxy.Request(Get);
        Assert.StartsWith("HTTP/1.1 200 ", client.TakeHead());
        Assert.Equal("ok", client.Take());
        Assert.StartsWith("GET /a?b=c HTTP/1.1\r\nHost: orders-shadow:8080\r\nX-A: 1\r\n", shadow.Requests[0]);
        Assert.StartsWith("GET /a?b=c HTTP/1.1\r\nHost: orders:8080\r\n", proxy.Upstream.Requests[0]);
        Assert.Equal((1, 1, 0), (Metrics(proxy).Mirrored, Metrics(proxy).RequestsCompleted, proxy.Role.Loops[0].Mirrors.InFlight));
        Assert.Contains(proxy.Record.Verdicts.ToArray(), verdict => verdict is { Policy: "mirror", Outcome: "copied to shadow" });

        // The copy's connection is used again.
        client.Send(Get);
        Assert.Equal((2, 1), (shadow.Requests.Count, shadow.Connections.Count));
    }

    [Fact]
    public void A_credential_of_our_own_goes_to_nobody_else()
    {
        var file = Path.GetTempFileName();
        File.WriteAllText(file, "very-secret");
        var credential = new CredentialConfig { Secret = file, Header = "x-token" };
        using var proxy = Mirrored(out var shadow, Mirror, route: route => route with { Filters = [credential] });
        proxy.Upstream.Answer = shadow.Answer = _ => Ok;
        proxy.Request(Get);
        Assert.Contains("very-secret", proxy.Upstream.Requests[0]);
        Assert.DoesNotContain("very-secret", shadow.Requests[0]);
        Assert.Contains("X-A: 1", shadow.Requests[0]);
        File.Delete(file);
    }

    [Theory]
    [InlineData("orders", "orders-shadow")]
    [InlineData("10.0.0.1:80", "10.0.0.1-shadow:80")]
    [InlineData("[::1]", "[::1]-shadow")]
    [InlineData("[::1]:80", "[::1]-shadow:80")]
    public void The_mark_stands_before_the_port(string host, string marked)
    {
        using var proxy = Mirrored(out var shadow, Mirror);
        proxy.Upstream.Answer = shadow.Answer = _ => Ok;
        proxy.Request($"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n");
        Assert.Contains($"Host: {marked}\r\n", shadow.Requests[0]);
    }

    [Theory]
    [InlineData("Content-Length: 6\r\n\r\nabc", "def")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", "3\r\ndef\r\n0\r\n\r\n")]
    [InlineData("Expect: 100-continue\r\nContent-Length: 6\r\n\r\nabc", "def")]
    public void A_body_goes_with_the_copy_once_the_request_is_whole(string first, string rest)
    {
        using var proxy = Mirrored(out var shadow, Mirror);
        proxy.Upstream.Answer = shadow.Answer = _ => Ok;
        var client = proxy.Request("POST / HTTP/1.1\r\nHost: a\r\n" + first);
        Assert.Empty(shadow.Connections);
        client.Send(rest);
        Assert.StartsWith("HTTP/1.1 200 ", client.TakeHead());
        Assert.Contains("Content-Length: 6\r\n", shadow.Requests[0]);
        Assert.EndsWith("\r\n\r\nabcdef", shadow.Requests[0]);
        Assert.DoesNotContain("Expect", shadow.Requests[0]);
        Assert.DoesNotContain("chunked", shadow.Requests[0]);
    }

    [Fact]
    public void A_body_above_the_bound_is_not_copied_and_that_is_counted()
    {
        using var proxy = Mirrored(out var shadow, Mirror with { MaxBodyBytes = 5 });
        proxy.Upstream.Answer = _ => Ok;
        var client = proxy.Request("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabcdef");
        Assert.StartsWith("HTTP/1.1 200 ", client.TakeHead());
        Assert.Empty(shadow.Connections);
        Assert.Equal(1, Dropped(proxy, MirrorDrop.BodyTooLarge));
        Assert.Contains(proxy.Record.Verdicts.ToArray(), verdict => verdict.Outcome.Contains("larger", StringComparison.Ordinal));
    }

    [Fact]
    public void A_request_that_never_ended_is_not_copied_and_gives_its_place_back()
    {
        using var proxy = Mirrored(out var shadow, Mirror);
        var client = proxy.Request("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc");
        client.Reset();
        Assert.Empty(shadow.Connections);
        Assert.Equal((1, 0), (Dropped(proxy, MirrorDrop.Incomplete), proxy.Role.Loops[0].Mirrors.InFlight));
    }

    [Fact]
    public void A_request_that_is_tried_again_is_copied_once()
    {
        using var proxy = Mirrored(out var shadow, Mirror, new RetryConfig { On = RetryOn.ServerError, Retries = 3, UnsafeMethods = true });
        proxy.Upstream.Answer = _ => "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n";
        shadow.Answer = _ => Ok;
        proxy.Request("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabcdef");
        proxy.AdvanceSeconds(2);
        Assert.Equal((4, 1), (proxy.Upstream.Requests.Count, shadow.Requests.Count));
    }

    [Fact]
    public void A_mirror_that_is_not_there_is_counted_and_changes_nothing()
    {
        using var proxy = Mirrored(out var shadow, Mirror);
        shadow.Close();
        proxy.Upstream.Answer = _ => Ok;
        Assert.StartsWith("HTTP/1.1 200 ", proxy.Request(Get).TakeHead());
        Assert.Equal(1, Dropped(proxy, MirrorDrop.Failed));
    }

    [Fact]
    public void A_mirror_that_hangs_holds_up_nobody_and_is_given_up_after_the_routes_timeout()
    {
        using var proxy = Mirrored(out var shadow, Mirror);
        proxy.Upstream.Answer = _ => Ok;
        Assert.StartsWith("HTTP/1.1 200 ", proxy.Request(Get).TakeHead());
        Assert.Equal((0, 1), (proxy.HttpMetrics.RequestsActive, proxy.Role.Loops[0].Mirrors.InFlight));
        proxy.AdvanceSeconds(15.1);
        Assert.Equal((1, 0), (Dropped(proxy, MirrorDrop.Failed), proxy.Role.Loops[0].Mirrors.InFlight));
        Assert.True(shadow.Next().IsOver);
    }

    [Fact]
    public void No_more_than_so_many_copies_are_on_their_way_and_the_requests_themselves_go_on()
    {
        using var proxy = Mirrored(out var shadow, Mirror);
        proxy.Upstream.Answer = _ => Ok;
        var client = proxy.Connect();
        for (var i = 0; i < MirrorQueue.MostInFlight + 10; i++)
        {
            client.Send(Get);
            Assert.StartsWith("HTTP/1.1 200 ", client.TakeHead());
            client.Take();
        }

        Assert.Equal((MirrorQueue.MostInFlight, 10), (shadow.Connections.Count, Dropped(proxy, MirrorDrop.InFlight)));
    }

    [Fact]
    public void Copies_on_their_way_end_when_the_role_stops()
    {
        using var proxy = Mirrored(out var shadow, Mirror);
        proxy.Upstream.Answer = _ => Ok;
        proxy.Request(Get);
        proxy.Stop();
        Assert.True(shadow.Next().IsOver);
        Assert.Equal(0, proxy.Role.Loops[0].Mirrors.InFlight);
    }

    [Fact]
    public void Mirrors_are_shed_where_that_is_asked_for()
    {
        using var proxy = Mirrored(out var shadow, Mirror);
        proxy.Upstream.Answer = shadow.Answer = _ => Ok;
        proxy.Overload.Publish(OverloadActions.Mirrors, "memory");
        Assert.StartsWith("HTTP/1.1 200 ", proxy.Request(Get).TakeHead());
        Assert.Equal((0, 1), (shadow.Requests.Count, Dropped(proxy, MirrorDrop.Shed)));
        proxy.Overload.Publish(OverloadActions.None, "");
        proxy.Request(Get);
        Assert.Single(shadow.Requests);
    }

    [Fact]
    public void A_percentage_is_copied()
    {
        using var proxy = Mirrored(out var shadow, Mirror with { Percent = 10 });
        proxy.Upstream.Answer = shadow.Answer = _ => Ok;
        var client = proxy.Connect();
        for (var i = 0; i < 1000; i++)
        {
            client.Send(Get);
        }

        Assert.InRange(shadow.Requests.Count, 70, 130);
    }

    [Fact]
    public void Several_mirrors_get_a_copy_each_and_one_without_the_mark()
    {
        using var proxy = Mirrored(out var shadow, Mirror, retry: null, Mirror with { Cluster = "app", MarksHost = false });
        proxy.Upstream.Answer = shadow.Answer = _ => Ok;
        proxy.Request(Get);
        Assert.Equal((2, 1), (proxy.Upstream.Requests.Count, shadow.Requests.Count));
        Assert.All(proxy.Upstream.Requests, request => Assert.Contains("Host: orders:8080\r\n", request));
    }

    [Fact]
    public void An_upgrade_is_not_copied()
    {
        using var proxy = Mirrored(out var shadow, Mirror);
        proxy.Upstream.Answer = _ => "HTTP/1.1 400 No\r\nContent-Length: 0\r\n\r\n";
        proxy.Request("GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n");
        Assert.Empty(shadow.Connections);
    }

    [Fact]
    public void A_gRPC_call_is_copied_over_HTTP2_with_its_message()
    {
        using var proxy = Mirrored(out var shadow, Mirror, cluster: cluster => cluster with { Protocol = HttpProtocol.Http2 });
        proxy.Upstream.SpeakHttp2();
        shadow.SpeakHttp2();
        var asked = proxy.ConnectHttp2().Ask("POST", "/pay.Orders/Get", "message", fields: [("content-type", "application/grpc"), ("te", "trailers")]);
        var copy = shadow.Http2[0].Next().Read();
        Assert.StartsWith("POST a-shadow /pay.Orders/Get\n", copy.Head);
        Assert.Contains("te: trailers\n", copy.Head);
        Assert.Equal(("message", true), (copy.Body, copy.IsComplete));
        copy.Answer(trailers: "grpc-status: 13\n", fields: ("content-type", "application/grpc"));
        proxy.Upstream.Http2[0].Next().Answer(body: "reply", trailers: "grpc-status: 0\n", fields: ("content-type", "application/grpc"));
        Assert.Equal(("reply", "grpc-status: 0\n"), (asked.Body, asked.Trailers));
        Assert.Equal(0, proxy.Role.Loops[0].Mirrors.InFlight);
    }

    private static ClusterMetrics Metrics(ProxyFixture proxy) => proxy.Metrics.Cluster("shadow", 0);

    private static long Dropped(ProxyFixture proxy, string why)
    {
        var counts = new SortedDictionary<string, long>(StringComparer.Ordinal);
        Metrics(proxy).MirrorsDropped.AddTo(counts);
        return counts.GetValueOrDefault(why);
    }

    private static ProxyFixture Mirrored(out ScriptedUpstream shadow, MirrorConfig mirror, RetryConfig? retry = null, MirrorConfig? another = null, Func<ClusterConfig, ClusterConfig>? cluster = null, Func<RouteConfig, RouteConfig>? route = null)
    {
        var proxy = new ProxyFixture(retry: retry);
        shadow = proxy.Listen(8081);
        var config = ProxyFixture.Make(forward => forward with { Mirrors = another is null ? [mirror] : [mirror, another] }, cluster: cluster, retry: retry, route: route);
        Assert.Empty(proxy.Reload(config with { Clusters = [.. config.Clusters, config.Clusters[0] with { Name = "shadow", Endpoints = [ProxyFixture.Endpoint(8081)] }] }));
        return proxy;
    }
}
