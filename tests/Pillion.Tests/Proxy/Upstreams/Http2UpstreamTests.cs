using Pillion.Core.Resilience;
using Pillion.Net.Http.Http2;
using Pillion.Net.InMemory;
using Pillion.Proxy.Configuration;
using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Proxy.Upstreams;

/// <summary>Requests of HTTP/1 clients to an upstream that speaks HTTP/2.</summary>
public sealed class Http2UpstreamTests
{
    private const string Get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    private const string Post = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello";
    private const string Upgrade = "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

    [Fact]
    public void Requests_that_come_while_the_first_connect_is_under_way_share_one_connection()
    {
        using var proxy = Fixture();
        proxy.Upstream.SpeakHttp2(answer: call => call.AnswerAsync());
        var clients = Ask(proxy, 20);
        Assert.All(clients, client => Assert.StartsWith("HTTP/1.1 200 ", client.TakeHead()));
        Assert.Single(proxy.Upstream.Http2);
        Assert.Equal((1, 1, 20), (proxy.ClusterMetrics.ConnectionsTotal, proxy.ClusterMetrics.ConnectionsHttp2, proxy.ClusterMetrics.PendingTotal));
    }

    [Fact]
    public void More_requests_than_the_upstream_takes_at_once_open_a_second_connection()
    {
        using var proxy = Fixture();
        proxy.Upstream.SpeakHttp2(Http2Settings.Default with { MaxConcurrentStreams = 2 });
        var first = proxy.Request(Get);
        var others = Ask(proxy, 4);
        Assert.Equal([2, 2, 1], proxy.Upstream.Http2.Select(peer => peer.Calls.Count));
        foreach (var peer in proxy.Upstream.Http2)
        {
            peer.Calls.ForEach(call => call.Answer());
        }

        Assert.All([first, .. others], client => Assert.StartsWith("HTTP/1.1 200 ", client.TakeHead()));
    }

    [Fact]
    public void Requests_beyond_a_limit_that_was_not_known_yet_are_refused_and_sent_again()
    {
        using var proxy = Fixture(cluster => cluster with { MinRetryConcurrency = 10 });
        proxy.Upstream.SpeakHttp2(Http2Settings.Default with { MaxConcurrentStreams = 2 }, call => call.AnswerAsync());
        var clients = Ask(proxy, 6);
        Assert.All(clients, client => Assert.StartsWith("HTTP/1.1 200 ", client.TakeHead()));
    }

    [Theory]
    [InlineData(Get, "")]
    [InlineData(Post, "hello")]
    public void A_refused_stream_is_sent_again_with_its_body(string request, string body)
    {
        using var proxy = Fixture();
        proxy.Upstream.SpeakHttp2();
        var client = proxy.Request(request);
        var peer = proxy.Upstream.Http2[0];
        peer.Next().Read().Abort(Http2Error.RefusedStream);
        var again = peer.Next().Read();
        Assert.Equal((body, true), (again.Body, again.IsComplete));
        again.Answer();
        Assert.StartsWith("HTTP/1.1 200 ", client.TakeHead());
        Assert.Single(proxy.Upstream.Http2);
        Assert.Equal([FailureKind.RefusedStream, FailureKind.None], Attempts(proxy));
    }

    [Fact]
    public void A_stream_that_is_refused_again_and_again_ends()
    {
        using var proxy = Fixture();
        proxy.Upstream.SpeakHttp2(answer: call =>
        {
            proxy.Loop.Post(() => call.AbortNow(Http2Error.RefusedStream));
            return Task.CompletedTask;
        });
        Assert.StartsWith("HTTP/1.1 503 ", proxy.Request(Get).TakeHead());
        Assert.Equal(2, proxy.Upstream.Http2[0].Calls.Count);
    }

    [Fact]
    public void A_stream_that_was_reset_for_another_reason_is_not_sent_again_unasked()
    {
        using var proxy = Fixture();
        proxy.Upstream.SpeakHttp2();
        var one = proxy.Request(Get);
        proxy.Upstream.Http2[0].Next().Answer();
        one.TakeHead();
        var client = proxy.Request(Get);
        proxy.Upstream.Http2[0].Next().Abort(Http2Error.InternalError);
        Assert.StartsWith("HTTP/1.1 503 ", client.TakeHead());
        Assert.Equal(2, proxy.Upstream.Http2[0].Calls.Count);
    }

    [Fact]
    public void A_connection_that_goes_away_finishes_its_streams_and_is_replaced()
    {
        using var proxy = Fixture();
        proxy.Upstream.SpeakHttp2();
        var one = proxy.Request(Get);
        var old = proxy.Upstream.Http2[0];
        old.Drain();
        var two = proxy.Request(Get);
        Assert.Equal(2, proxy.Upstream.Http2.Count);
        proxy.Upstream.Http2[1].Next().Answer();
        Assert.StartsWith("HTTP/1.1 200 ", two.TakeHead());
        Assert.Null(old.End);
        old.Next().Answer();
        Assert.StartsWith("HTTP/1.1 200 ", one.TakeHead());
        Assert.NotNull(old.End);
        Assert.Equal(1, proxy.ClusterMetrics.ConnectionsActive);
    }

    [Fact]
    public void Streams_above_the_last_that_GOAWAY_names_are_all_sent_again_whatever_the_retry_budget_says()
    {
        using var proxy = Fixture();
        var clients = Ask(proxy, 10, Post);
        var raw = proxy.Upstream.Next();
        proxy.Upstream.SpeakHttp2(answer: call => call.Read().AnswerAsync(body: "again"));
        raw.Send(Frames.Settings() + Frames.GoAway(lastStream: 3));
        raw.Send(Frames.Headers(1, "\u0088", endsStream: true) + Frames.Headers(3, "\u0088", endsStream: true));
        Assert.All(clients, client => Assert.StartsWith("HTTP/1.1 200 ", client.TakeHead()));
        Assert.Equal(8, clients.Count(client => client.Received.Contains("again", StringComparison.Ordinal)));
        Assert.All(proxy.Upstream.Http2.SelectMany(peer => peer.Calls), call => Assert.Equal("hello", call.Body));
        Assert.Equal(8, proxy.ClusterMetrics.Retries);
        raw.Close();
    }

    [Fact]
    public void A_refused_connect_fails_everybody_who_waits_for_it_with_its_own_reason()
    {
        using var proxy = Fixture();
        proxy.Upstream.Close();
        var clients = Ask(proxy, 5);
        Assert.All(clients, client => Assert.StartsWith("HTTP/1.1 503 ", client.TakeHead()));
        Assert.All(proxy.Records, record => Assert.Equal(FailureKind.ConnectRefused, record.Failure.Kind));
        Assert.Equal(1, proxy.ClusterMetrics.ConnectionsTotal);
    }

    [Fact]
    public void Waiters_that_try_again_at_once_do_not_change_what_the_others_are_told()
    {
        using var proxy = Fixture(retry: new RetryConfig { On = RetryOn.ConnectFailure, Retries = 3, BackOff = TimeSpan.FromTicks(1), MaxBackOff = TimeSpan.FromTicks(1) }, cluster: cluster => cluster with { MinRetryConcurrency = 2 });
        proxy.Upstream.Close();
        var clients = Ask(proxy, 5);
        proxy.AdvanceSeconds(1);
        Assert.All(clients, client => Assert.StartsWith("HTTP/1.1 503 ", client.TakeHead()));
        Assert.All(proxy.Records, record => Assert.Equal(FailureKind.ConnectRefused, record.Failure.Kind));
    }

    [Fact]
    public void A_connect_that_times_out_fails_everybody_who_waits_for_it()
    {
        using var proxy = Fixture();
        proxy.Network.SetFaults(proxy.Upstream.EndPoint, new MemoryFaults { NeverAnswer = true });
        var clients = Ask(proxy, 5);
        Assert.Equal(5, proxy.ClusterMetrics.PendingActive);
        proxy.AdvanceSeconds(5.1);
        Assert.All(clients, client => Assert.StartsWith("HTTP/1.1 503 ", client.TakeHead()));
        Assert.All(proxy.Records, record => Assert.Equal(FailureKind.ConnectTimeout, record.Failure.Kind));
    }

    [Fact]
    public void A_client_that_leaves_and_a_limit_that_passes_end_their_own_waiting_only()
    {
        using var proxy = Fixture(forward: forward => forward with { Timeout = TimeSpan.FromSeconds(2) });
        proxy.Network.SetFaults(proxy.Upstream.EndPoint, new MemoryFaults { NeverAnswer = true });
        var first = proxy.Request(Get);
        var second = proxy.Request(Get);
        first.Reset();
        Assert.Equal((1, 1), (proxy.ClusterMetrics.PendingActive, proxy.ClusterMetrics.Cancelled));
        proxy.AdvanceSeconds(1);
        var third = proxy.Request(Get);
        proxy.AdvanceSeconds(1.1);
        Assert.StartsWith("HTTP/1.1 504 ", second.TakeHead());
        Assert.Equal(1, proxy.ClusterMetrics.PendingActive);
        proxy.AdvanceSeconds(1);
        Assert.StartsWith("HTTP/1.1 504 ", third.TakeHead());
        Assert.Equal(1, proxy.ClusterMetrics.ConnectionsTotal);

        // The connect goes on without them, until its own time is over.
        proxy.AdvanceSeconds(2.5);
    }

    [Fact]
    public void An_idle_connection_is_closed_after_its_time()
    {
        using var proxy = Fixture(cluster => cluster with { IdleTimeout = TimeSpan.FromSeconds(10) });
        proxy.Upstream.SpeakHttp2(answer: call => call.AnswerAsync());
        var client = proxy.Request(Get);
        proxy.AdvanceSeconds(9);
        client.Send(Get);
        proxy.AdvanceSeconds(9);
        Assert.Null(proxy.Upstream.Http2[0].End);
        proxy.AdvanceSeconds(3);
        Assert.NotNull(proxy.Upstream.Http2[0].End);
        Assert.Equal((1, 0, 1), (proxy.ClusterMetrics.ConnectionsIdleTimeout, proxy.ClusterMetrics.ConnectionsActive, proxy.ClusterMetrics.ConnectionsDestroyedLocal));
    }

    [Fact]
    public void A_connection_to_an_endpoint_that_was_removed_ends_behind_its_last_stream()
    {
        using var proxy = Fixture();
        proxy.Upstream.SpeakHttp2();
        var client = proxy.Request(Get);
        proxy.Role.Live.Clusters["app"].Endpoints.Current[0].IsRemoved = true;
        proxy.AdvanceSeconds(1.5);
        var peer = proxy.Upstream.Http2[0];
        Assert.Null(peer.End);
        peer.Next().Answer();
        Assert.StartsWith("HTTP/1.1 200 ", client.TakeHead());
        Assert.NotNull(peer.End);
    }

    [Fact]
    public void A_connection_carries_no_more_requests_than_the_cluster_allows()
    {
        using var proxy = Fixture(cluster => cluster with { MaxRequestsPerConnection = 2 });
        proxy.Upstream.SpeakHttp2(answer: call => call.AnswerAsync());
        var client = proxy.Connect();
        for (var i = 0; i < 5; i++)
        {
            client.Send(Get);
        }

        Assert.Equal([2, 2, 1], proxy.Upstream.Http2.Select(peer => peer.Calls.Count));
        Assert.NotNull(proxy.Upstream.Http2[1].End);
    }

    [Fact]
    public void A_cluster_that_changed_finishes_its_streams_and_closes()
    {
        using var proxy = Fixture();
        proxy.Upstream.SpeakHttp2();
        var client = proxy.Request(Get);
        proxy.Reload(ProxyFixture.Make(cluster: cluster => cluster with { Protocol = HttpProtocol.Http2, ConnectTimeout = TimeSpan.FromSeconds(1) }));
        var peer = proxy.Upstream.Http2[0];
        Assert.Null(peer.End);
        peer.Next().Answer();
        Assert.StartsWith("HTTP/1.1 200 ", client.TakeHead());
        Assert.NotNull(peer.End);
    }

    [Fact]
    public void A_cluster_that_is_retired_while_it_connects_keeps_nothing()
    {
        using var proxy = Fixture();
        proxy.Network.SetFaults(proxy.Upstream.EndPoint, new MemoryFaults { NeverAnswer = true });
        var client = proxy.Request(Get);
        proxy.Reload(ProxyFixture.Make(cluster: cluster => cluster with { Protocol = HttpProtocol.Http2, ConnectTimeout = TimeSpan.FromSeconds(1) }));
        client.Reset();
        proxy.AdvanceSeconds(6);
        Assert.Equal((0, 0), (proxy.ClusterMetrics.ConnectionsActive, proxy.ClusterMetrics.PendingActive));
    }

    [Fact]
    public void An_upgrade_waits_until_the_upstream_has_said_that_it_takes_them()
    {
        using var proxy = Fixture(http: http => http with { Upgrades = ["websocket"] });
        var client = proxy.Request(Upgrade);
        var raw = proxy.Upstream.Next();
        Assert.DoesNotContain("websocket", raw.Received, StringComparison.Ordinal);
        Assert.Equal(1, proxy.ClusterMetrics.PendingActive);
        raw.Send(Frames.Settings((8, 1)));
        Assert.Equal(0, proxy.ClusterMetrics.PendingActive);
        Assert.Empty(client.Received);
        raw.Send(Frames.Headers(1, "\u0088", endsStream: false));
        Assert.StartsWith("HTTP/1.1 101 ", client.TakeHead());
        client.Send("ping");
        Assert.EndsWith("ping", raw.Received, StringComparison.Ordinal);
        raw.Send(Frames.Data(1, "pong", endsStream: false));
        Assert.Equal("pong", client.Take());
        raw.Send(Frames.Data(1, "", endsStream: true));
        client.End();
        raw.Close();
    }

    [Fact]
    public void An_upgrade_does_not_wait_for_ever_for_an_upstream_that_says_nothing()
    {
        using var proxy = Fixture(http: http => http with { Upgrades = ["websocket"] }, forward: forward => forward with { Timeout = TimeSpan.FromSeconds(2) });
        var client = proxy.Request(Upgrade);
        var other = proxy.Request(Upgrade);
        other.Reset();
        Assert.Equal(1, proxy.ClusterMetrics.PendingActive);
        proxy.AdvanceSeconds(2.1);
        Assert.StartsWith("HTTP/1.1 504 ", client.TakeHead());
        Assert.Equal(0, proxy.ClusterMetrics.PendingActive);
        Assert.Single(proxy.Upstream.Connections);
        proxy.Upstream.Next().Close();
    }

    [Fact]
    public void Upgrades_that_the_upstream_does_not_take_open_no_further_connections()
    {
        using var proxy = Fixture(http: http => http with { Upgrades = ["websocket"] });
        proxy.Upstream.SpeakHttp2(Http2Settings.Default with { AllowConnect = false }, call => call.AnswerAsync());
        for (var i = 0; i < 3; i++)
        {
            Assert.StartsWith("HTTP/1.1 502 ", proxy.Request(Upgrade).TakeHead());
        }

        Assert.Single(proxy.Upstream.Http2);
        Assert.StartsWith("HTTP/1.1 200 ", proxy.Request(Get).TakeHead());
    }

    private static ProxyFixture Fixture(
        Func<ClusterConfig, ClusterConfig>? cluster = null, Func<HttpConfig, HttpConfig>? http = null, Func<ForwardConfig, ForwardConfig>? forward = null, RetryConfig? retry = null) =>
        new(forward, http, app => (cluster ?? (same => same))(app with { Protocol = HttpProtocol.Http2 }), retry: retry);

    // All at once: each asks before the proxy has done anything for the others.
    private static RawPeer[] Ask(ProxyFixture proxy, int count, string request = Get)
    {
        RawPeer[] clients = [.. Enumerable.Range(0, count).Select(_ => proxy.Connect())];
        proxy.OnLoop(() =>
        {
            foreach (var client in clients)
            {
                client.SendNow(System.Text.Encoding.Latin1.GetBytes(request), end: false);
            }
        });
        return clients;
    }

    private static IEnumerable<FailureKind> Attempts(ProxyFixture proxy) => proxy.Record.Attempts.ToArray().Select(attempt => attempt.Failure.Kind);
}
