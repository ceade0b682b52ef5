using Pillion.Core.Signals;
using Pillion.Net.Http.Http2;
using Pillion.Proxy.Configuration;
using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Proxy.Retries;

/// <summary>A late try gets another one beside it, and the first good answer wins.</summary>
public sealed class HedgeTests
{
    private const string Get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    private const string Ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    private const string Unavailable = "HTTP/1.1 503 No\r\nContent-Length: 2\r\n\r\nno";

    private static readonly RetryConfig Policy = new() { On = RetryOn.ServerError, Retries = 2, PerTryTimeout = TimeSpan.FromMilliseconds(100), Hedge = true };

    [Fact]
    public void An_answer_in_time_is_all_there_is()
    {
        using var proxy = Two(out var other);
        var client = proxy.Request(Get);
        proxy.Upstream.Next().Send(Ok);
        Assert.StartsWith("HTTP/1.1 200 ", client.TakeHead());
        proxy.AdvanceSeconds(1);
        Assert.Equal((1, 0, 0), (proxy.Record.AttemptCount, other.Connections.Count, proxy.ClusterMetrics.Hedges));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_first_answer_wins_and_the_other_try_is_reset(bool firstWins)
    {
        using var proxy = Two(out var other);
        var client = proxy.Request(Get);
        var first = proxy.Upstream.Next();
        proxy.AdvanceSeconds(0.11);
        var second = other.Next();
        Assert.False(first.IsOver);
        (firstWins ? first : second).Send("HTTP/1.1 200 OK\r\nX-Who: me\r\nContent-Length: 2\r\n\r\nok");
        var head = client.TakeHead();
        Assert.StartsWith("HTTP/1.1 200 ", head);
        Assert.Contains("X-Who: me", head);
        Assert.Equal("ok", client.Take());
        Assert.True((firstWins ? second : first).IsOver);
        Assert.False((firstWins ? first : second).IsOver);
        var record = proxy.Record;
        Assert.Equal((2, firstWins ? "127.0.0.1:8080" : "127.0.0.1:8081", ResponseFlags.None), (record.AttemptCount, record.UpstreamHost, record.Flags));
        Assert.Equal(200, record.Attempts[firstWins ? 0 : 1].Status);
        Assert.Equal("another try answered first", record.Attempts[firstWins ? 1 : 0].Failure.Cause);
        Assert.Equal((1, firstWins ? 0 : 1, 1, 0), (proxy.ClusterMetrics.Hedges, proxy.ClusterMetrics.RetriesSucceeded, proxy.ClusterMetrics.ResetsSent, proxy.ClusterMetrics.ResetsReceived));

        // The connection that served is used again.
        client.Send(Get);
        (firstWins ? first : proxy.Upstream.Next()).Send(Ok);
        Assert.StartsWith("HTTP/1.1 200 ", client.TakeHead());
    }

    [Fact]
    public void No_more_begin_than_the_policy_allows_and_the_last_ones_may_go_on()
    {
        using var proxy = Two(out var other);
        var client = proxy.Request(Get);
        proxy.AdvanceSeconds(2);
        Assert.Equal((3, 3), (proxy.Upstream.Connections.Count + other.Connections.Count, proxy.ClusterMetrics.RequestsTotal));
        Assert.Equal(2, proxy.Role.Live.Clusters["app"].Budget.ActiveRetries);
        proxy.Upstream.Next().Send(Ok);
        Assert.StartsWith("HTTP/1.1 200 ", client.TakeHead());
    }

    [Fact]
    public void What_fails_beside_another_is_forgotten()
    {
        using var proxy = Two(out var other);
        var client = proxy.Request(Get);
        var first = proxy.Upstream.Next();
        proxy.AdvanceSeconds(0.11);
        other.Next().Send(Unavailable);
        proxy.Drive();
        Assert.Equal("", client.Received);
        first.Send(Ok);
        Assert.StartsWith("HTTP/1.1 200 ", client.TakeHead());
    }

    [Fact]
    public void When_all_have_failed_what_is_left_of_the_retries_follows_in_turn()
    {
        using var proxy = Two(out var other);
        var client = proxy.Request(Get);
        var first = proxy.Upstream.Next();
        proxy.AdvanceSeconds(0.11);
        other.Next().Reset();
        first.Send(Unavailable);
        proxy.AdvanceSeconds(0.08);
        Assert.Equal(3, proxy.ClusterMetrics.RequestsTotal);
        (proxy.Upstream.Waiting > 0 ? proxy.Upstream.Next() : other.Waiting > 0 ? other.Next() : first).Send(Unavailable);
        Assert.StartsWith("HTTP/1.1 503 ", client.TakeHead());
        Assert.Equal(ResponseFlags.URX, proxy.Record.Flags);
    }

    [Fact]
    public void A_body_is_sent_whole_to_both_and_not_twice_where_it_is_not_here_yet()
    {
        using var proxy = Two(out var other);
        var client = proxy.Request("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc");
        var first = proxy.Upstream.Next();
        proxy.AdvanceSeconds(0.35);
        Assert.Empty(other.Connections);
        client.Send("def");
        proxy.AdvanceSeconds(0.15);
        var second = other.Next();
        Assert.EndsWith("\r\n\r\nabcdef", first.Take());
        Assert.EndsWith("\r\n\r\nabcdef", second.Take());
        second.Send(Ok);
        Assert.StartsWith("HTTP/1.1 200 ", client.TakeHead());
        Assert.Equal(6, proxy.Record.BytesReceived);
    }

    [Theory]
    [InlineData("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx")]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\nX-Pillion-Retries: 1\r\n\r\n")]
    public void What_may_not_be_sent_twice_is_not_and_its_late_answer_counts(string request)
    {
        using var proxy = Two(out var other, Policy with { Yields = true });
        var client = proxy.Request(request);
        proxy.AdvanceSeconds(1);
        Assert.Empty(other.Connections);
        proxy.Upstream.Next().Send(Ok);
        Assert.StartsWith("HTTP/1.1 200 ", client.TakeHead());
    }

    [Fact]
    public void The_budget_bounds_them()
    {
        using var proxy = Two(out var other, Policy, cluster => cluster with { RetryBudgetPercent = 0, MinRetryConcurrency = 1 });
        var clients = Enumerable.Range(0, 4).Select(_ => proxy.Request(Get)).ToList();
        proxy.AdvanceSeconds(0.15);
        Assert.Equal(5, proxy.ClusterMetrics.RequestsTotal);
        Assert.Equal(3, proxy.ClusterMetrics.RetriesOverflow);
        foreach (var peer in proxy.Upstream.Connections.Concat(other.Connections).ToList())
        {
            if (!peer.IsOver)
            {
                peer.Send(Ok);
            }
        }

        Assert.All(clients, client => Assert.StartsWith("HTTP/1.1 200 ", client.TakeHead()));
    }

    [Fact]
    public void A_client_that_leaves_ends_all_of_them()
    {
        using var proxy = Two(out var other);
        var client = proxy.Request(Get);
        proxy.AdvanceSeconds(0.15);
        client.Reset();
        Assert.True(proxy.Upstream.Next().IsOver);
        Assert.True(other.Next().IsOver);
        Assert.Equal(ResponseFlags.DC, proxy.Record.Flags);
    }

    [Fact]
    public void The_routes_timeout_ends_all_of_them()
    {
        using var proxy = Two(out var other);
        var client = proxy.Request(Get);
        proxy.AdvanceSeconds(15.1);
        Assert.StartsWith("HTTP/1.1 504 ", client.TakeHead());
        Assert.Equal(ResponseFlags.UT, proxy.Record.Flags & ResponseFlags.UT);
        Assert.All(proxy.Upstream.Connections.Concat(other.Connections), peer => Assert.True(peer.IsOver));
    }

    [Fact]
    public void A_connection_that_is_not_accepted_is_late_as_well()
    {
        using var proxy = Two(out var other, Policy, cluster => cluster with { Endpoints = [ProxyFixture.Endpoint(8079), ProxyFixture.Endpoint(8081)] });
        other.Answer = _ => Ok;
        for (var i = 0; i < 2; i++)
        {
            var client = proxy.Request(Get);
            proxy.AdvanceSeconds(0.5);
            Assert.StartsWith("HTTP/1.1 200 ", client.TakeHead());
        }
    }

    [Fact]
    public void Over_HTTP2_the_other_stream_is_cancelled_and_its_connection_goes_on()
    {
        using var proxy = Two(out var other, Policy, cluster => cluster with { Protocol = HttpProtocol.Http2 });
        proxy.Upstream.SpeakHttp2();
        other.SpeakHttp2();
        var client = proxy.ConnectHttp2();
        var asked = client.Ask();
        var first = proxy.Upstream.Http2[0].Next();
        proxy.AdvanceSeconds(0.11);
        other.Http2[0].Next().Answer(body: "second");
        proxy.Drive();
        Assert.Equal((200, "second"), (asked.Status, asked.Body));
        Assert.Equal((true, Http2Error.Cancel), (first.IsCancelled, first.Reset));
        Assert.Null(proxy.Upstream.Http2[0].End);
        client.Close();
    }

    [Fact]
    public void A_gRPC_call_that_is_answered_with_a_named_status_loses_to_one_that_is_not()
    {
        using var proxy = Two(out var other, Policy with { On = RetryOn.GrpcUnavailable, UnsafeMethods = true }, cluster => cluster with { Protocol = HttpProtocol.Http2 });
        proxy.Upstream.SpeakHttp2();
        other.SpeakHttp2();
        var client = proxy.ConnectHttp2();
        var asked = client.Ask("POST", "/pay.Orders/Get", "hello", fields: [("content-type", "application/grpc"), ("te", "trailers")]);
        var first = proxy.Upstream.Http2[0].Next();
        proxy.AdvanceSeconds(0.11);
        other.Http2[0].Next().Answer(200, "", "grpc-status: 14", ("content-type", "application/grpc"));
        proxy.Drive();
        Assert.Equal(0, asked.Status);
        first.Answer(200, "reply", "grpc-status: 0", ("content-type", "application/grpc"));
        proxy.Drive();
        Assert.Equal(("reply", 200), (asked.Body, asked.Status));
        Assert.Contains("grpc-status: 0", asked.Trailers);
        client.Close();
    }

    private static ProxyFixture Two(out ScriptedUpstream other, RetryConfig? retry = null, Func<ClusterConfig, ClusterConfig>? cluster = null)
    {
        var proxy = new ProxyFixture(
            cluster: config =>
            {
                config = config with { Endpoints = [ProxyFixture.Endpoint(8081), ProxyFixture.Endpoint(8080)] };
                return cluster?.Invoke(config) ?? config;
            },
            retry: retry ?? Policy);
        other = proxy.Listen(8081);
        return proxy;
    }
}
