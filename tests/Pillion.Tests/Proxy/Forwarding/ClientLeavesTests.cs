using Pillion.Core.Signals;
using Pillion.Net.InMemory;
using Pillion.Proxy.Configuration;
using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Proxy.Forwarding;

/// <summary>A client that leaves takes its request upstream with it, whatever the request is doing.</summary>
public sealed class ClientLeavesTests
{
    private const string Get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void While_the_head_is_incomplete_there_is_nothing_to_tell(bool reset)
    {
        using var proxy = new ProxyFixture();
        Leave(proxy, proxy.Request("GET / HT"), reset);
        Assert.Empty(proxy.Log);
        Assert.Equal(0, proxy.SlabsRented);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void While_the_proxy_connects_the_connect_is_given_up(bool reset)
    {
        using var proxy = new ProxyFixture();
        proxy.Network.SetFaults(proxy.Upstream.EndPoint, new MemoryFaults { NeverAnswer = true });
        Leave(proxy, proxy.Request(Get), reset);
        AssertGone(proxy, 0);
        Assert.Equal(1, proxy.ClusterMetrics.Cancelled);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void While_the_answer_is_awaited_the_upstream_sees_a_reset(bool reset)
    {
        using var proxy = new ProxyFixture();
        var client = proxy.Request(Get);
        var upstream = proxy.Upstream.Next();
        Leave(proxy, client, reset);
        Assert.True(upstream.IsReset);
        AssertGone(proxy, 0);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void While_the_body_is_sent_the_upstream_sees_a_reset(bool reset)
    {
        using var proxy = new ProxyFixture();
        var client = proxy.Request("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
        var upstream = proxy.Upstream.Next();
        Leave(proxy, client, reset);
        Assert.True(upstream.IsReset);
        AssertGone(proxy, 0);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void While_the_upstream_does_not_take_the_body_it_sees_a_reset(bool reset)
    {
        using var proxy = new ProxyFixture();
        proxy.Upstream.DoesNotRead = true;
        var client = proxy.Request("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n" + new string('x', 500_000));
        var upstream = proxy.Upstream.Next();
        Leave(proxy, client, reset);
        Assert.True(upstream.IsOver);
        AssertGone(proxy, 0);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void While_the_answer_flows_the_upstream_sees_a_reset(bool reset)
    {
        using var proxy = new ProxyFixture();
        var client = proxy.Request(Get);
        var upstream = proxy.Upstream.Next();
        upstream.Send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
        Leave(proxy, client, reset);
        Assert.True(upstream.IsReset);
        AssertGone(proxy, 200);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void While_the_client_does_not_take_the_answer_the_upstream_sees_a_reset(bool reset)
    {
        using var proxy = new ProxyFixture();
        var client = proxy.Connect(reads: false).Send(Get);
        var upstream = proxy.Upstream.Next();
        upstream.Send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + new string('x', 1_000_000));
        Leave(proxy, client, reset);
        Assert.True(upstream.IsReset);
        AssertGone(proxy, 200);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void While_another_try_waits_none_is_made(bool reset)
    {
        using var proxy = new ProxyFixture(retry: new RetryConfig { On = RetryOn.ServerError, BackOff = TimeSpan.FromSeconds(100), MaxBackOff = TimeSpan.FromSeconds(100), Retries = 3 });
        var client = proxy.Request(Get);
        proxy.Upstream.Next().Send("HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n");
        Leave(proxy, client, reset);
        AssertGone(proxy, 0);
        Assert.Equal(0, proxy.Upstream.Waiting);
    }

    [Fact]
    public void Between_requests_nobody_is_told()
    {
        using var proxy = new ProxyFixture();
        proxy.Upstream.Answer = _ => "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
        var client = proxy.Request(Get);
        Leave(proxy, client, reset: true);
        Assert.Single(proxy.Log);
        Assert.Equal(ResponseFlags.None, proxy.Record.Flags);
        Assert.False(proxy.Upstream.Connections[0].IsOver);
    }

    [Fact]
    public void A_sending_half_that_closes_late_is_a_client_that_left()
    {
        using var proxy = new ProxyFixture();
        var client = proxy.Request(Get);
        proxy.AdvanceSeconds(1);
        client.End();
        Assert.True(proxy.Upstream.Next().IsReset);
        AssertGone(proxy, 0);
    }

    private static void Leave(ProxyFixture proxy, RawPeer client, bool reset)
    {
        proxy.AdvanceSeconds(0.2);
        if (reset)
        {
            client.Reset();
        }
        else
        {
            client.Close();
        }

        Assert.Equal(0, proxy.HttpMetrics.RequestsActive);
        Assert.Equal(0, proxy.HttpMetrics.ConnectionsActive);
    }

    private static void AssertGone(ProxyFixture proxy, int status) => Assert.Equal((ResponseFlags.DC, status), (proxy.Record.Flags, proxy.Record.Status));
}
