using Pillion.Core.Overload;
using Pillion.Core.Signals;
using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Proxy.Listeners;

/// <summary>What the proxy gives up when memory is short.</summary>
public sealed class OverloadTests
{
    private const string Ok = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    private const string Get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

    [Fact]
    public void New_connections_are_closed_and_those_there_are_served()
    {
        using var fixture = With();
        var client = fixture.Request(Get);
        fixture.Overload.Publish(OverloadActions.Connections, "91 % in use");
        Assert.True(fixture.Connect().IsOver);
        client.Take();
        Assert.StartsWith("HTTP/1.1 200 ", client.Send(Get).Received);
        Assert.Equal(1, Shed(fixture, "connections"));
        fixture.Overload.Publish(OverloadActions.None, "");
        Assert.StartsWith("HTTP/1.1 200 ", fixture.Get().Received);
    }

    [Fact]
    public void New_requests_are_answered_503_and_say_why()
    {
        using var fixture = With();
        var client = fixture.Request(Get);
        client.Take();
        fixture.Overload.Publish(OverloadActions.Requests, "97 % of 100MiB in use");
        client.Send(Get);
        Assert.StartsWith("HTTP/1.1 503 ", client.Received);
        Assert.Contains("Pillion is short of memory (97 % of 100MiB in use)", client.Received);
        Assert.Equal(ResponseFlags.OM, fixture.Record.Flags);
        Assert.Equal(1, Shed(fixture, "requests"));
        Assert.Single(fixture.Upstream.Requests);
    }

    [Fact]
    public void Idle_connections_of_both_sides_are_closed_and_others_behind_their_answer()
    {
        using var fixture = With();
        var idle = fixture.Request(Get);
        fixture.Upstream.Answer = null;
        var busy = fixture.Request(Get);
        var h2 = fixture.ConnectHttp2();
        fixture.Overload.Publish(OverloadActions.IdleConnections, "91 % in use");
        fixture.Role.ShedIdleConnections();
        fixture.Drive();
        Assert.True(idle.IsOver);
        Assert.False(busy.IsOver);
        fixture.Upstream.Connections[^1].Send(Ok);
        Assert.Contains("\r\nConnection: close\r\n", busy.Received, StringComparison.OrdinalIgnoreCase);
        fixture.AdvanceSeconds(1.5);
        Assert.True(busy.IsOver);
        Assert.True(h2.IsClosed);
        fixture.Role.ShedIdleConnections();
        fixture.Drive();
        Assert.All(fixture.Upstream.Connections, connection => Assert.True(connection.IsOver));
        Assert.InRange(Shed(fixture, "idle_connections"), 3, 6);
    }

    [Fact]
    public void Mirrors_are_told()
    {
        using var fixture = With();
        Assert.False(fixture.Role.Loops[0].ShedsMirrors);
        fixture.Overload.Publish(OverloadActions.Mirrors, "");
        Assert.True(fixture.Role.Loops[0].ShedsMirrors);
    }

    private static ProxyFixture With()
    {
        var fixture = new ProxyFixture();
        fixture.Upstream.Answer = _ => Ok;
        return fixture;
    }

    private static long Shed(ProxyFixture fixture, string what) =>
        (long)(fixture.Metrics.Collect().Single(family => family is { Name: "shed", Scope.Name: "overload" }).Series.SingleOrDefault(series => series.LabelValue == what)?.Value ?? 0);
}
