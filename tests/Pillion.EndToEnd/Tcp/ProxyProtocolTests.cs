using System.Text.Json.Nodes;
using Pillion.EndToEnd.Support;
using Xunit;

namespace Pillion.EndToEnd.Tcp;

/// <summary>The PROXY protocol with HAProxy, which invented it, on either side.</summary>
public sealed class ProxyProtocolTests
{
    [Theory]
    [InlineData("send-proxy")]
    [InlineData("send-proxy-v2")]
    public async Task What_HAProxy_says_of_the_client_reaches_the_application(string version)
    {
        var haproxy = Peers.Need("haproxy");
        await using var app = TestApp.Start();
        using var directory = new TempDirectory();
        var (front, port) = (Ports.Next(), Ports.Next());
        directory.Write("haproxy.cfg", $"""
            defaults
              mode tcp
              timeout connect 5s
              timeout client 30s
              timeout server 30s
            listen front
              bind 127.0.0.1:{front}
              server sidecar 127.0.0.1:{port} {version}
            """ + "\n");
        await using var sidecar = await Sidecar.StartAsync(new EnvoyFile()
            .Http(port, "app", manager: new JsonObject { ["use_remote_address"] = true })
            .WithListenerFilter("proxy_protocol", "ProxyProtocol")
            .Cluster("app", app.Port)
            .Options());
        await using var proxy = Running.Start(haproxy, ["-db", "-f", directory["haproxy.cfg"]]);
        await Eventually.IsTrue(async () => (await Curl.RunAsync($"http://127.0.0.1:{front}/")).Code == 0, "HAProxy");

        // Any address of 127.0.0.0/8 is ours to come from.
        var (status, head) = await Curl.GetAsync("--interface", "127.0.0.77", $"http://127.0.0.1:{front}/head");
        Assert.Equal(200, status);
        Assert.Matches("(?i)x-forwarded-for: 127\\.0\\.0\\.77", head);
    }

    [Theory]
    [InlineData("PROXY TCP4 10.1.2.3 10.1.2.4 1 2 3\r\nGET /head HTTP/1.1\r\nHost: a\r\n\r\n")]
    [InlineData("PROXY TCP4 10.1.2.3\r\nGET /head HTTP/1.1\r\nHost: a\r\n\r\n")]
    [InlineData("GET /head HTTP/1.1\r\nHost: a\r\n\r\n")]
    public async Task Without_a_right_header_nothing_reaches_the_application(string bytes)
    {
        await using var app = TestApp.Start();
        var port = Ports.Next();
        await using var sidecar = await Sidecar.StartAsync(new EnvoyFile().Http(port, "app").WithListenerFilter("proxy_protocol", "ProxyProtocol").Cluster("app", app.Port).Options());
        using var client = await RawClient.ConnectAsync(port);
        await client.SendAsync(bytes);
        try
        {
            Assert.DoesNotContain("200 ", await client.RestAsync());
        }
        catch (System.Net.Sockets.SocketException)
        {
        }

        Assert.Equal(0, app.Requests);
    }

    [Theory]
    [InlineData("V1")]
    [InlineData("V2")]
    public async Task HAProxy_understands_what_we_say_of_the_client(string version)
    {
        var haproxy = Peers.Need("haproxy");
        await using var app = TestApp.Start();
        using var directory = new TempDirectory();
        var (port, back) = (Ports.Next(), Ports.Next());
        directory.Write("haproxy.cfg", $"""
            defaults
              mode http
              option forwardfor
              timeout connect 5s
              timeout client 30s
              timeout server 30s
            listen back
              bind 127.0.0.1:{back} accept-proxy
              server app 127.0.0.1:{app.Port}
            """ + "\n");
        var socket = new JsonObject
        {
            ["name"] = "envoy.transport_sockets.upstream_proxy_protocol",
            ["typed_config"] = new JsonObject
            {
                ["@type"] = "type.googleapis.com/envoy.extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport",
                ["config"] = new JsonObject { ["version"] = version },
                ["transport_socket"] = new JsonObject { ["name"] = "envoy.transport_sockets.raw_buffer" },
            },
        };
        await using var sidecar = await Sidecar.StartAsync(new EnvoyFile().Tcp(port, "back").Cluster("back", back, tls: socket).Options());
        await using var proxy = Running.Start(haproxy, ["-db", "-f", directory["haproxy.cfg"]]);
        await Eventually.IsTrue(async () => (await Curl.RunAsync("-f", $"http://127.0.0.1:{port}/")).Code == 0, "HAProxy");
        var (status, head) = await Curl.GetAsync("--interface", "127.0.0.77", $"http://127.0.0.1:{port}/head");
        Assert.Equal(200, status);
        Assert.Matches("(?i)x-forwarded-for: 127\\.0\\.0\\.77", head);
    }
}
