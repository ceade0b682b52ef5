using System.Net;
using System.Net.Http;
using Pillion.EndToEnd.Support;
using Xunit;

namespace Pillion.EndToEnd.Http2;

/// <summary>Other HTTP/2 implementations around the sidecar, with the connections that end in the middle of the work.</summary>
public sealed class ProxiesTests
{
    [Fact]
    public async Task An_nginx_that_says_GOAWAY_every_fifty_requests_loses_none()
    {
        var nginx = Peers.Need("nginx");
        using var directory = new TempDirectory();
        var (port, back) = (Ports.Next(), Ports.Next());
        directory.Write("nginx.conf", $$"""
            daemon off; worker_processes 1; pid {{directory["nginx.pid"]}}; error_log stderr warn;
            events { worker_connections 256; }
            http {
              access_log off; default_type text/plain; keepalive_requests 50;
              client_body_temp_path {{directory["body"]}}; proxy_temp_path {{directory["proxy"]}}; fastcgi_temp_path {{directory["f"]}}; uwsgi_temp_path {{directory["u"]}}; scgi_temp_path {{directory["s"]}};
              server { listen 127.0.0.1:{{back}} http2; location / { return 200 "fine\n"; } }
            }
            """);
        await using var server = Running.Start(nginx, ["-c", directory["nginx.conf"], "-p", directory.Path]);
        await using var sidecar = await Sidecar.StartAsync(new EnvoyFile().Http(port, "nginx").Cluster("nginx", back, http2: true).Options());
        await ListensAsync(back, server);
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new Uri($"http://127.0.0.1:{port}"), DefaultRequestVersion = HttpVersion.Version20, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };
        for (var round = 0; round < 50; round++)
        {
            var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => http.GetAsync("/")));
            Assert.All(answers, static answer => Assert.Equal(HttpStatusCode.OK, answer.StatusCode));
        }
    }

    [Fact]
    public async Task HAProxy_speaks_HTTP2_before_and_behind()
    {
        var haproxy = Peers.Need("haproxy");
        using var directory = new TempDirectory();
        await using var app = await KestrelApp.StartAsync();
        var (front, port, back) = (Ports.Next(), Ports.Next(), Ports.Next());
        directory.Write("haproxy.cfg", $"""
            global
              log stdout format raw local0 info
            defaults
              mode http
              timeout connect 5s
              timeout client 30s
              timeout server 30s
            frontend front
              bind 127.0.0.1:{front}
              default_backend sidecar
            backend sidecar
              server s 127.0.0.1:{port} proto h2
            frontend back
              bind 127.0.0.1:{back} proto h2
              default_backend app
            backend app
              server a 127.0.0.1:{app.Http2} proto h2
            """ + "\n");
        await using var sidecar = await Sidecar.StartAsync(new EnvoyFile().Http(port, "haproxy").Cluster("haproxy", back, http2: true).Options());
        await using var proxy = Running.Start(haproxy, ["-db", "-f", directory["haproxy.cfg"]]);
        await ListensAsync(front, proxy);
        foreach (var version in new[] { HttpVersion.Version11, HttpVersion.Version20 })
        {
            using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new Uri($"http://127.0.0.1:{front}"), DefaultRequestVersion = version, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };

            // HAProxy 2.6 answers some with 502 when many come at once, without a sidecar too.
            for (var round = 0; round < 20; round++)
            {
                var answers = await Task.WhenAll(Enumerable.Range(0, 5).Select(i => http.GetStringAsync($"/{round}/{i}")));
                Assert.Equal(Enumerable.Range(0, 5).Select(i => $"HTTP/2 GET /{round}/{i}"), answers);
            }

            using var posted = await http.PostAsync("/echo", new ByteArrayContent(new byte[2_000_000]));
            Assert.Equal(2_000_000, (await posted.Content.ReadAsByteArrayAsync()).Length);
        }
    }

    [Fact]
    public async Task An_HTTP1_connection_between_two_sidecars_rides_HTTP2()
    {
        await using var app = TestApp.Start("far");
        var (near, far) = (Ports.Next(), Ports.Next());
        await using var there = await Sidecar.StartAsync(new EnvoyFile().Http(far, "app").Cluster("app", app.Port).Options());
        await using var here = await Sidecar.StartAsync(new EnvoyFile().Http(near, "far").Cluster("far", far, http2: true).Options("--concurrency", "1"));
        using var client = await RawClient.ConnectAsync(near);
        for (var i = 0; i < 20; i++)
        {
            await client.SendAsync($"GET /{i} HTTP/1.1\r\nHost: a\r\n\r\n");
            Assert.Equal($"far GET /{i}", (await client.AnswerAsync())!.Body);
        }

        Assert.Equal((200, "far GET /curl"), await Curl.GetAsync($"http://127.0.0.1:{near}/curl"));
        Assert.Equal(1, await here.MetricAsync("pillion_cluster_upstream_cx_total"));
    }

    [Fact]
    public async Task A_sidecar_that_stops_says_GOAWAY_twice_and_finishes_what_it_has()
    {
        await using var app = TestApp.Start();
        var port = Ports.Next();
        await using var sidecar = await Sidecar.StartAsync(new EnvoyFile().Http(port, "app").Cluster("app", app.Port).Options());
        using var client = await FrameClient.OpenAsync(port);
        await client.RequestAsync(1, "/hold");
        await Eventually.IsTrue(() => app.Held == 1, "the request to arrive");
        sidecar.Process.Signal(Signals.Terminate);

        // RFC 9113 §6.8: first with the highest number, so that what is on its way is still taken; then with the true one.
        var first = await client.UntilAsync(static frame => frame.Type == Frame.GoAway, "the first GOAWAY");
        Assert.Equal((0x7fff_ffff, ErrorCode.NoError), (first.LastStream, first.Error));
        await client.RequestAsync(3, "/late");
        app.Release();
        var ended = new HashSet<int>();
        while (await Eventually.Within(client.ReadAsync(), "the end of the connection") is { } frame)
        {
            if (frame is { Type: Frame.Ping, Flags: 0 })
            {
                await client.SendAsync(Frame.Ping, Frame.Acknowledgement, 0, frame.Payload);
            }

            if (frame.Ends)
            {
                ended.Add(frame.Stream);
            }
        }

        Assert.Equal([1, 3], ended.Order());
        var last = client.Received.Last(static frame => frame.Type == Frame.GoAway);
        Assert.Equal((3, ErrorCode.NoError), (last.LastStream, last.Error));
        Assert.Equal(0, (await sidecar.Process.EndAsync()).Code);
    }

    private static Task ListensAsync(int port, Running process) => Eventually.IsTrue(
        async () =>
        {
            Assert.False(process.HasExited, process.Out + process.Error);
            try
            {
                using var client = await RawClient.ConnectAsync(port);
                return true;
            }
            catch (System.Net.Sockets.SocketException)
            {
                return false;
            }
        },
        $"something to listen on port {port}");
}
