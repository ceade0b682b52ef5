using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Proxy.Forwarding;

/// <summary>Whoever streams events sends each as a chunk of its own, and nothing else until the next.</summary>
public sealed class EventStreamTests
{
    [Fact]
    public void An_event_of_the_upstream_is_passed_on_when_it_comes()
    {
        using var fixture = new ProxyFixture();
        var client = fixture.Get();
        var upstream = fixture.Upstream.Next();
        upstream.Send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        client.TakeHead();
        for (var i = 0; i < 3; i++)
        {
            upstream.Send($"5\r\nevent\r\n");
            Assert.Equal("5\r\nevent\r\n", client.Take());
        }

        upstream.Send("0\r\n\r\n");
    }

    [Fact]
    public void So_is_one_of_the_client()
    {
        using var fixture = new ProxyFixture();
        var client = fixture.Request("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
        var upstream = fixture.Upstream.Next();
        upstream.TakeHead();
        client.Send("5\r\nevent\r\n");
        Assert.Equal("5\r\nevent\r\n", upstream.Take());
        client.Send("0\r\n\r\n");
        upstream.Send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    }
}
