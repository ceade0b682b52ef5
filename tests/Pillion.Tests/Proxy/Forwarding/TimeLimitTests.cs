using Pillion.Core.Resilience;
using Pillion.Core.Signals;
using Pillion.Net.InMemory;
using Pillion.Proxy.Configuration;
using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Proxy.Forwarding;

/// <summary>Every time limit, on the hand-advanced clock.</summary>
public sealed class TimeLimitTests
{
    private const string Ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

    [Fact]
    public void The_routes_time_is_up_after_fifteen_seconds_and_the_connection_goes_on()
    {
        using var proxy = new ProxyFixture();
        var client = proxy.Get();
        var upstream = proxy.Upstream.Next();
        proxy.AdvanceSeconds(14.9);
        Assert.Equal("", client.Take());
        proxy.AdvanceSeconds(0.2);
        Assert.StartsWith("HTTP/1.1 504 ", client.TakeHead());
        Assert.True(upstream.IsReset);
        Assert.Equal(ResponseFlags.UT, proxy.Record.Flags);
        client.Take();

        // Nothing of the limit is left for the next request.
        client.Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        proxy.AdvanceSeconds(14.5);
        proxy.Upstream.Next().Send(Ok);
        Assert.StartsWith("HTTP/1.1 200 ", client.TakeHead());
        Assert.Equal("ok", client.Take());
    }

    [Fact]
    public void The_routes_time_begins_at_the_requests_last_byte()
    {
        using var proxy = new ProxyFixture();
        var client = proxy.Request("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\na");
        proxy.AdvanceSeconds(20);
        client.Send("b");
        proxy.AdvanceSeconds(14.9);
        Assert.Equal("", client.Take());
        proxy.AdvanceSeconds(0.2);
        Assert.StartsWith("HTTP/1.1 504 ", client.TakeHead());
    }

    [Fact]
    public void The_routes_time_covers_all_tries_also_those_that_replay_a_body()
    {
        using var proxy = new ProxyFixture(
            forward => forward with { Timeout = TimeSpan.FromSeconds(10) },
            retry: new RetryConfig { On = RetryOn.Reset, Retries = 9, PerTryTimeout = TimeSpan.FromSeconds(4), UnsafeMethods = true });
        var client = proxy.Request("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab");
        proxy.AdvanceSeconds(9.9);
        Assert.Equal("", client.Take());
        proxy.AdvanceSeconds(0.2);
        Assert.StartsWith("HTTP/1.1 504 ", client.TakeHead());
        Assert.Equal(FailureKind.RouteTimeout, proxy.Record.Failure.Kind);
        Assert.Equal(3, proxy.Record.AttemptCount);
    }

    [Fact]
    public void The_routes_time_cuts_an_answer_that_has_begun()
    {
        using var proxy = new ProxyFixture();
        var client = proxy.Get();
        proxy.Upstream.Next().Send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
        proxy.AdvanceSeconds(15.1);
        Assert.True(client.IsReset);
        Assert.Equal((200, ResponseFlags.UT), (proxy.Record.Status, proxy.Record.Flags));
    }

    [Fact]
    public void The_routes_time_ends_an_answer_that_the_client_does_not_read()
    {
        using var proxy = new ProxyFixture();
        var client = proxy.Connect(reads: false).Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        proxy.Upstream.Next().Send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + new string('x', 1_000_000));
        proxy.AdvanceSeconds(15.1);
        Assert.Equal(0, proxy.SlabsRented);
        Assert.True(client.IsOver);
        Assert.Equal(ResponseFlags.UT, proxy.Record.Flags);
    }

    [Fact]
    public void No_route_time_is_no_limit()
    {
        using var proxy = new ProxyFixture(forward => forward with { Timeout = default });
        var client = proxy.Get();
        proxy.AdvanceSeconds(290);
        proxy.Upstream.Next().Send(Ok);
        Assert.StartsWith("HTTP/1.1 200 ", client.TakeHead());
    }

    [Fact]
    public void A_try_that_takes_too_long_is_followed_by_another()
    {
        using var proxy = new ProxyFixture(retry: new RetryConfig { On = RetryOn.Reset, PerTryTimeout = TimeSpan.FromSeconds(1) });
        var client = proxy.Get();
        var first = proxy.Upstream.Next();
        proxy.AdvanceSeconds(1.5);
        Assert.True(first.IsReset);
        proxy.Upstream.Next().Send(Ok);
        Assert.StartsWith("HTTP/1.1 200 ", client.TakeHead());
        var attempts = proxy.Record.Attempts;
        Assert.Equal((2, FailureKind.PerTryTimeout, 0, 200), (attempts.Length, attempts[0].Failure.Kind, attempts[0].Status, attempts[1].Status));
        Assert.False(proxy.Record.Failure.IsFailure);
    }

    [Fact]
    public void The_last_try_that_takes_too_long_is_a_504_that_says_so()
    {
        using var proxy = new ProxyFixture(retry: new RetryConfig { On = RetryOn.Reset, PerTryTimeout = TimeSpan.FromSeconds(1) });
        var client = proxy.Get();
        proxy.AdvanceSeconds(3);
        Assert.StartsWith("HTTP/1.1 504 ", client.TakeHead());
        Assert.Equal(ResponseFlags.UT | ResponseFlags.URX, proxy.Record.Flags);
        Assert.Equal(FailureKind.PerTryTimeout, proxy.Record.Failure.Kind);
    }

    [Fact]
    public void The_limit_of_a_try_does_not_cut_an_answer_that_has_begun()
    {
        using var proxy = new ProxyFixture(retry: new RetryConfig { On = RetryOn.Reset, PerTryTimeout = TimeSpan.FromSeconds(1) });
        var client = proxy.Get();
        var upstream = proxy.Upstream.Next();
        upstream.Send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab");
        proxy.AdvanceSeconds(5);
        upstream.Send("cd");
        client.TakeHead();
        Assert.Equal("abcd", client.Take());
    }

    [Fact]
    public void Silence_ends_an_exchange_after_five_minutes()
    {
        using var proxy = new ProxyFixture(forward => forward with { Timeout = default });
        var client = proxy.Get();
        proxy.AdvanceSeconds(299);
        Assert.Equal("", client.Take());
        proxy.AdvanceSeconds(2);
        Assert.StartsWith("HTTP/1.1 504 ", client.TakeHead());
        Assert.Equal((ResponseFlags.SI, FailureSide.Upstream), (proxy.Record.Flags, proxy.Record.Failure.Side));
    }

    [Fact]
    public void A_client_that_stops_within_its_body_is_told_408_after_five_minutes()
    {
        using var proxy = new ProxyFixture();
        var client = proxy.Request("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
        proxy.AdvanceSeconds(301);
        Assert.StartsWith("HTTP/1.1 408 ", client.TakeHead());
        Assert.Equal((ResponseFlags.SI, FailureSide.Downstream), (proxy.Record.Flags, proxy.Record.Failure.Side));
        proxy.AdvanceSeconds(2);
        Assert.True(client.IsEnded);
    }

    [Fact]
    public void What_moves_is_not_idle()
    {
        using var proxy = new ProxyFixture(forward => forward with { Timeout = default });
        var client = proxy.Get();
        var upstream = proxy.Upstream.Next();
        upstream.Send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n");
        for (var i = 0; i < 4; i++)
        {
            proxy.AdvanceSeconds(240);
            upstream.Send("x");
        }

        client.TakeHead();
        Assert.Equal("xxxx", client.Take());
    }

    [Fact]
    public void A_head_that_does_not_come_whole_in_time_is_a_408_however_it_trickles()
    {
        using var proxy = new ProxyFixture();
        var client = proxy.Request("GET / HTTP/1.1\r\nX: ");
        for (var i = 0; i < 3; i++)
        {
            proxy.AdvanceSeconds(3);
            client.Send("a");
        }

        Assert.Equal("", client.Take());
        proxy.AdvanceSeconds(1.2);
        Assert.StartsWith("HTTP/1.1 408 ", client.TakeHead());
        Assert.Equal(ResponseFlags.DT, proxy.Record.Flags);
        proxy.AdvanceSeconds(2);
        Assert.True(client.IsEnded);
        Assert.Equal(0, proxy.SlabsRented);
    }

    [Fact]
    public void A_request_that_does_not_come_whole_in_time_is_a_408()
    {
        using var proxy = new ProxyFixture(http: http => http with { RequestTimeout = TimeSpan.FromSeconds(5) });
        var client = proxy.Request("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
        var upstream = proxy.Upstream.Next();
        proxy.AdvanceSeconds(4);
        client.Send("d");
        proxy.AdvanceSeconds(1.1);
        Assert.StartsWith("HTTP/1.1 408 ", client.TakeHead());
        Assert.Equal(ResponseFlags.DT, proxy.Record.Flags);
        Assert.True(upstream.IsReset);
    }

    [Fact]
    public void A_connect_that_is_not_answered_is_given_up_after_five_seconds()
    {
        using var proxy = new ProxyFixture();
        proxy.Network.SetFaults(proxy.Upstream.EndPoint, new MemoryFaults { NeverAnswer = true });
        var client = proxy.Get();
        proxy.AdvanceSeconds(4.9);
        Assert.Equal("", client.Take());
        proxy.AdvanceSeconds(0.2);
        Assert.StartsWith("HTTP/1.1 503 ", client.TakeHead());
        Assert.Equal((ResponseFlags.UF, FailureKind.ConnectTimeout), (proxy.Record.Flags, proxy.Record.Failure.Kind));
    }

    [Fact]
    public void A_connect_that_outlasts_the_routes_time_is_the_routes_time_out()
    {
        using var proxy = new ProxyFixture(forward => forward with { Timeout = TimeSpan.FromSeconds(2) });
        proxy.Network.SetFaults(proxy.Upstream.EndPoint, new MemoryFaults { NeverAnswer = true });
        var client = proxy.Get();
        proxy.AdvanceSeconds(2.1);
        Assert.StartsWith("HTTP/1.1 504 ", client.TakeHead());
        Assert.Equal((ResponseFlags.UT, FailureKind.RouteTimeout), (proxy.Record.Flags, proxy.Record.Failure.Kind));
    }

    [Fact]
    public void A_connect_that_outlasts_its_try_is_the_trys_time_out()
    {
        using var proxy = new ProxyFixture(retry: new RetryConfig { On = RetryOn.Reset, Retries = 0, PerTryTimeout = TimeSpan.FromSeconds(1) });
        proxy.Network.SetFaults(proxy.Upstream.EndPoint, new MemoryFaults { NeverAnswer = true });
        var client = proxy.Get();
        proxy.AdvanceSeconds(1.1);
        Assert.StartsWith("HTTP/1.1 504 ", client.TakeHead());
        Assert.Equal(FailureKind.PerTryTimeout, proxy.Record.Failure.Kind);
    }

    [Fact]
    public void A_connection_without_a_request_is_closed_after_its_idle_time()
    {
        using var proxy = new ProxyFixture(http: http => http with { IdleTimeout = TimeSpan.FromMinutes(1) });
        proxy.Upstream.Answer = _ => Ok;
        var client = proxy.Get();
        client.Take();
        proxy.AdvanceSeconds(59);
        Assert.False(client.IsOver);
        proxy.AdvanceSeconds(1.2);
        Assert.True(client.IsEnded);
        Assert.Equal("", client.Take());
        Assert.Equal(1, proxy.HttpMetrics.ConnectionsIdleTimeout);
    }

    [Fact]
    public void A_tunnel_outlives_the_routes_time_and_ends_when_it_is_silent()
    {
        using var proxy = new ProxyFixture(forward => forward with { IdleTimeout = TimeSpan.FromMinutes(2) });
        var client = proxy.Request("GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n");
        var upstream = proxy.Upstream.Next();
        upstream.Send("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n");
        for (var i = 0; i < 4; i++)
        {
            proxy.AdvanceSeconds(100);
            client.Send("x");
        }

        Assert.EndsWith("xxxx", upstream.Take());
        proxy.AdvanceSeconds(119);
        Assert.False(client.IsOver);
        proxy.AdvanceSeconds(2);
        Assert.True(client.IsReset);
        Assert.True(upstream.IsReset);
        Assert.Equal((101, ResponseFlags.SI), (proxy.Record.Status, proxy.Record.Flags));
    }

    [Fact]
    public void A_tunnel_without_a_time_of_its_own_may_be_silent_for_an_hour()
    {
        using var proxy = new ProxyFixture();
        var client = proxy.Request("GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n");
        proxy.Upstream.Next().Send("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n");
        proxy.AdvanceSeconds(3590);
        Assert.False(client.IsOver);
        proxy.AdvanceSeconds(20);
        Assert.True(client.IsReset);
    }

    [Fact]
    public void An_answer_of_our_own_that_the_client_does_not_read_is_given_up()
    {
        using var proxy = new ProxyFixture(route: route => route with { Action = new DirectResponseConfig { Status = 200, Body = new string('x', 1_000_000) } });
        var client = proxy.Connect(reads: false).Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        Assert.Equal(1, proxy.HttpMetrics.RequestsActive);
        proxy.AdvanceSeconds(301);
        Assert.Equal(0, proxy.HttpMetrics.RequestsActive);
        Assert.True(client.IsOver);
    }

    [Fact]
    public void Informational_answers_that_the_client_does_not_read_are_given_up()
    {
        using var proxy = new ProxyFixture();
        var client = proxy.Connect(reads: false).Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        var upstream = proxy.Upstream.Next();
        var hint = $"HTTP/1.1 103 Early Hints\r\nX: {new string('x', 8000)}\r\n\r\n";
        for (var i = 0; i < 20; i++)
        {
            upstream.Send(hint);
        }

        proxy.AdvanceSeconds(15.1);
        Assert.Equal(0, proxy.HttpMetrics.RequestsActive);
        Assert.True(client.IsOver);
    }
}
