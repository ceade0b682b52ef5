using Pillion.Core.Configuration;
using Pillion.Net;
using Pillion.Proxy.Configuration;
using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Proxy.Listeners;

/// <summary>How the proxy goes away.</summary>
public sealed class DrainTests
{
    private const string Get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    private const string Ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

    [Fact]
    public void A_lame_duck_serves_on_and_announces_the_end_on_inbound_only()
    {
        using var proxy = WithOutbound();
        proxy.Upstream.Answer = _ => Ok;
        var outbound = proxy.Connect(15001);
        proxy.Role.EnterLameDuck();
        var inbound = proxy.Request(Get);
        Assert.Contains("Connection: close\r\n", inbound.TakeHead());
        Assert.Equal("ok", inbound.Take());
        Assert.True(inbound.IsEnded);
        Assert.Equal(1, proxy.HttpMetrics.ConnectionsDrainClose);
        outbound.Send(Get);
        Assert.DoesNotContain("Connection: close", outbound.TakeHead());
        Assert.False(outbound.IsOver);
    }

    [Fact]
    public void Draining_closes_what_is_idle_and_finishes_what_is_not()
    {
        using var proxy = WithOutbound();
        var outbound = proxy.Connect(15001);
        var idle = proxy.Connect();
        var waiting = proxy.Request(Get);
        var answering = proxy.Request(Get);
        var (one, two) = (proxy.Upstream.Next(), proxy.Upstream.Next());
        two.Send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nok");
        proxy.Role.BeginDrain();
        var drained = proxy.Role.InboundDrainedAsync(default);
        proxy.AdvanceSeconds(1);
        Assert.True(idle.IsEnded);
        Assert.False(drained.IsCompleted);
        Assert.Throws<InvalidOperationException>(() => proxy.Connect());
        Assert.False(outbound.IsOver);

        one.Send(Ok);
        Assert.Contains("Connection: close\r\n", waiting.TakeHead());
        two.Send("ok");
        answering.TakeHead();
        Assert.Equal("okok", answering.Take());
        Assert.True(answering.IsEnded);
        waiting.Close();
        answering.Close();
        proxy.Wait(drained);
    }

    [Fact]
    public void The_end_waits_for_nobody()
    {
        using var proxy = new ProxyFixture();
        var idle = proxy.Connect();
        var head = proxy.Request("GET / HT");
        var waiting = proxy.Request(Get);
        var body = proxy.Request("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
        var answering = proxy.Request(Get);
        var upstreams = (RawPeer[])[proxy.Upstream.Next(), proxy.Upstream.Next(), proxy.Upstream.Next()];
        upstreams[2].Send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nok");
        var before = proxy.Clock.GetUtcNow();
        proxy.Stop();
        Assert.InRange(proxy.Clock.GetUtcNow() - before, TimeSpan.Zero, TimeSpan.FromSeconds(1));
        Assert.All((RawPeer[])[idle, head, waiting, body, answering, .. upstreams], peer => Assert.True(peer.IsOver));
    }

    [Fact]
    public void Outbound_is_idle_when_nothing_uses_it_for_a_while()
    {
        using var proxy = WithOutbound();
        var outbound = proxy.Connect(15001);
        var idle = proxy.Role.OutboundIdleAsync(TimeSpan.FromSeconds(1), default);
        proxy.AdvanceSeconds(5);
        Assert.False(idle.IsCompleted);
        outbound.Close();
        proxy.AdvanceSeconds(0.9);
        Assert.False(idle.IsCompleted);
        proxy.AdvanceSeconds(0.5);
        proxy.Wait(idle);
    }

    private static ProxyFixture WithOutbound()
    {
        var proxy = new ProxyFixture();
        var outbound = proxy.Config.Listeners[0] with { Name = "out", Address = new Address("127.0.0.1", 15001), Direction = TrafficDirection.Outbound };
        Assert.Empty(proxy.Reload(proxy.Config with { Listeners = [proxy.Config.Listeners[0], outbound] }));
        return proxy;
    }
}
