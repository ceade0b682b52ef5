using Pillion.Core.Configuration;
using Pillion.Net;
using Pillion.Proxy.Configuration;
using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Proxy.Listeners;

/// <summary>A change of configuration under traffic.</summary>
public sealed class ReloadTests
{
    private const string Get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    private const string Ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

    [Fact]
    public void A_listener_whose_address_stays_keeps_its_socket_and_its_connections()
    {
        using var proxy = new ProxyFixture();
        proxy.Upstream.Answer = _ => Ok;
        var client = proxy.Request(Get);
        client.Take();
        var bound = proxy.Role.Live.Listeners[0].Bound;
        Assert.Empty(proxy.Reload(Direct(204)));
        Assert.Same(bound, proxy.Role.Live.Listeners[0].Bound);
        client.Send(Get);
        Assert.StartsWith("HTTP/1.1 204 ", client.TakeHead());
        Assert.StartsWith("HTTP/1.1 204 ", proxy.Request(Get).TakeHead());
    }

    [Fact]
    public void A_request_finishes_under_the_configuration_that_it_began_with()
    {
        using var proxy = new ProxyFixture();
        var client = proxy.Request(Get);
        proxy.Reload(Direct(204));
        proxy.Upstream.Next().Send(Ok);
        Assert.StartsWith("HTTP/1.1 200 ", client.TakeHead());
        Assert.Equal("ok", client.Take());
        client.Send(Get);
        Assert.StartsWith("HTTP/1.1 204 ", client.TakeHead());
    }

    [Fact]
    public void An_equal_cluster_keeps_its_connections()
    {
        using var proxy = new ProxyFixture();
        proxy.Upstream.Answer = _ => Ok;
        var client = proxy.Request(Get);
        var cluster = proxy.Role.Live.Clusters["app"];
        proxy.Reload(ProxyFixture.Make(http: http => http with { ServerName = "other" }));
        Assert.Same(cluster, proxy.Role.Live.Clusters["app"]);
        client.Send(Get);
        Assert.Single(proxy.Upstream.Connections);
    }

    [Fact]
    public void A_listener_that_is_removed_closes_its_idle_connections_and_answers_the_others()
    {
        using var proxy = new ProxyFixture();
        var idle = proxy.Connect();
        var busy = proxy.Request(Get);
        Assert.Empty(proxy.Reload(ProxyFixture.Make(listener: listener => listener with { Address = new Address("127.0.0.1", 15001) })));
        Assert.True(idle.IsEnded);
        Assert.Throws<InvalidOperationException>(() => proxy.Connect());
        proxy.Upstream.Next().Send(Ok);
        Assert.Contains("Connection: close\r\n", busy.TakeHead());
        Assert.Equal("ok", busy.Take());
        Assert.True(busy.IsEnded);
        proxy.Upstream.Answer = _ => Ok;
        Assert.StartsWith("HTTP/1.1 200 ", proxy.Connect(15001).Send(Get).TakeHead());
    }

    [Fact]
    public void A_listener_that_is_removed_while_it_answers_closes_behind_the_answer()
    {
        using var proxy = new ProxyFixture();
        var client = proxy.Request(Get);
        var upstream = proxy.Upstream.Next();
        upstream.Send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nok");
        proxy.Reload(new ProxyConfig());
        upstream.Send("ok");
        client.TakeHead();
        Assert.Equal("okok", client.Take());
        Assert.True(client.IsEnded);
    }

    [Fact]
    public void A_connection_of_a_removed_listener_ends_with_the_program()
    {
        using var proxy = new ProxyFixture();
        var client = proxy.Request(Get);
        proxy.Reload(new ProxyConfig());
        proxy.Stop();
        Assert.True(client.IsReset);
    }

    [Fact]
    public void A_port_in_use_is_a_mistake_and_nothing_changes()
    {
        using var proxy = new ProxyFixture();
        proxy.Listen(15001);
        var free = proxy.Config.Listeners[0] with { Name = "free", Address = new Address("127.0.0.1", 15002) };
        var taken = proxy.Config.Listeners[0] with { Name = "taken", Address = new Address("127.0.0.1", 15001) };
        var mistakes = proxy.Reload(proxy.Config with { Listeners = [free, taken] });
        Assert.Contains("taken cannot bind 127.0.0.1:15001: address already in use", Assert.Single(mistakes));

        // The port that could be bound was given back, and the old listener serves.
        proxy.Listen(15002);
        proxy.Upstream.Answer = _ => Ok;
        Assert.StartsWith("HTTP/1.1 200 ", proxy.Request(Get).TakeHead());
    }

    [Fact]
    public void What_was_prepared_and_abandoned_leaves_nothing()
    {
        using var proxy = new ProxyFixture();
        var more = proxy.Config.Listeners[0] with { Name = "more", Address = new Address("127.0.0.1", 15001) };
        var prepared = proxy.Prepare(proxy.Config with { Listeners = [proxy.Config.Listeners[0], more] });
        Assert.Empty(prepared.Mistakes);
        prepared.Abandon();
        proxy.Drive();
        Assert.NotNull(proxy.Listen(15001));
        Assert.Single(proxy.Role.Live.Listeners);
    }

    [Fact]
    public void A_listener_takes_no_more_connections_than_it_may()
    {
        using var proxy = new ProxyFixture(listener: listener => listener with { MaxConnections = 2 });
        var one = proxy.Connect();
        var two = proxy.Connect();
        Assert.True(proxy.Connect().IsReset);
        one.Close();
        Assert.False(proxy.Connect().IsOver);
        Assert.False(two.IsOver);
    }

    private static ProxyConfig Direct(int status) => ProxyFixture.Make(route: route => route with { Action = new DirectResponseConfig { Status = status } });
}
