using System.Text.Json;
using Pillion.EndToEnd.Support;
using Xunit;

namespace Pillion.EndToEnd.Chains;

/// <summary>Pillion between other proxies: what nginx and HAProxy saw on either side is what Pillion says it did.</summary>
public sealed class ChainTests
{
    private const int Requests = 300;

    [Fact]
    public async Task Between_nginx_and_nginx_the_logs_agree()
    {
        var nginx = Peers.Need("nginx");
        using var directory = new TempDirectory();
        var (front, sidecarPort, back) = (Ports.Next(), Ports.Next(), Ports.Next());
        directory.Write("nginx.conf", $$"""
            daemon off; worker_processes 1; pid {{directory["nginx.pid"]}}; error_log stderr warn;
            events { worker_connections 256; }
            http {
              log_format made '$request_method $request_uri $status $body_bytes_sent $request_id';
              log_format received '$request_method $request_uri $status $body_bytes_sent $http_x_request_id';
              client_body_temp_path {{directory["body"]}}; proxy_temp_path {{directory["proxy"]}}; fastcgi_temp_path {{directory["f"]}}; uwsgi_temp_path {{directory["u"]}}; scgi_temp_path {{directory["s"]}};
              upstream sidecar { server 127.0.0.1:{{sidecarPort}}; keepalive 8; }
              server {
                listen 127.0.0.1:{{front}}; access_log {{directory["front.log"]}} made; keepalive_requests 100000;
                location / { proxy_pass http://sidecar; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header X-Request-Id $request_id; }
              }
              server {
                listen 127.0.0.1:{{back}}; access_log {{directory["back.log"]}} received; keepalive_requests 50; default_type text/plain;
                location /ok { return 200 "fine\n"; }
                location /missing { return 404 "no\n"; }
                location /file { alias {{directory["file"]}}; }
              }
            }
            """);
        directory.Write("file", new string('f', 200_000));
        await using var sidecar = await Sidecar.StartAsync($$"""
            app: 127.0.0.1:{{back}}
            inbound: { address: "127.0.0.1:{{sidecarPort}}", access_log: "{{directory["pillion.log"]}}" }
            outbound: off
            """);
        await using var server = Running.Start(nginx, ["-c", directory["nginx.conf"], "-p", directory.Path]);
        await ListensAsync(front, server);

        using var client = Http.Client(front);
        for (var i = 0; i < Requests; i++)
        {
            using var response = await client.GetAsync((i % 3) switch { 0 => $"/ok?{i}", 1 => $"/missing?{i}", _ => $"/file?{i}" });
            await response.Content.ReadAsByteArrayAsync();
        }

        await AgreeAsync(directory, "front.log", "pillion.log", "back.log");

        // nginx ends a connection every 50 requests; few others may have been made.
        var connections = await sidecar.MetricAsync("pillion_cluster_upstream_cx_total");
        Assert.InRange(connections, Requests / 50, (Requests / 50) + 4);
    }

    [Fact]
    public async Task Between_HAProxy_and_HAProxy_the_logs_agree()
    {
        var haproxy = Peers.Need("haproxy");
        await using var app = TestApp.Start();
        using var directory = new TempDirectory();
        var (front, sidecarPort, back) = (Ports.Next(), Ports.Next(), Ports.Next());
        var format = "log-format \"%HM %HU %ST %[capture.req.hdr(0)] %ft\"";
        directory.Write("haproxy.cfg", $"""
            global
              log stdout format raw local0 info
            defaults
              mode http
              log global
              option dontlognull
              timeout connect 5s
              timeout client 30s
              timeout server 30s
            frontend front
              bind 127.0.0.1:{front}
              http-request set-header X-Request-Id %[uuid()] unless {"{"} hdr(X-Request-Id) -m found {"}"}
              http-request capture req.hdr(X-Request-Id) len 64
              {format}
              default_backend sidecar
            backend sidecar
              server s 127.0.0.1:{sidecarPort}
            frontend back
              bind 127.0.0.1:{back}
              http-request capture req.hdr(X-Request-Id) len 64
              {format}
              default_backend app
            backend app
              server a 127.0.0.1:{app.Port}
            """ + "\n");
        await using var sidecar = await Sidecar.StartAsync($$"""
            app: 127.0.0.1:{{back}}
            inbound: { address: "127.0.0.1:{{sidecarPort}}", access_log: "{{directory["pillion.log"]}}" }
            outbound: off
            """);
        await using var proxy = Running.Start(haproxy, ["-db", "-f", directory["haproxy.cfg"]]);
        await ListensAsync(front, proxy);
        await ListensAsync(back, proxy);

        using var client = Http.Client(front);
        for (var i = 0; i < Requests; i++)
        {
            using var response = await client.GetAsync(i % 2 == 0 ? $"/ok?{i}" : $"/status/404?{i}");
            await response.Content.ReadAsByteArrayAsync();
        }

        await Eventually.IsTrue(() => Lines(proxy.Out, " front").Count == Requests && Lines(proxy.Out, " back").Count == Requests, "HAProxy's log");
        directory.Write("front.log", string.Join('\n', Lines(proxy.Out, " front").Select(line => line[..line.LastIndexOf(' ')])));
        directory.Write("back.log", string.Join('\n', Lines(proxy.Out, " back").Select(line => line[..line.LastIndexOf(' ')])));
        await AgreeAsync(directory, "front.log", "pillion.log", "back.log", withBytes: false);
        Assert.InRange(await sidecar.MetricAsync("pillion_cluster_upstream_cx_total"), 1, 4);
    }

    [Fact]
    public async Task Unix_sockets_serve_on_both_sides()
    {
        using var directory = new TempDirectory();
        await using var app = TestApp.StartUnix("behind", directory["app.sock"]);
        await using var sidecar = await Sidecar.StartAsync($$"""
            app: unix:{{directory["app.sock"]}}
            inbound: { address: "unix:{{directory["in.sock"]}}" }
            outbound: off
            """);
        Assert.Equal((200, "behind GET /a"), await Curl.GetAsync("--unix-socket", directory["in.sock"], "http://any/a"));
        Assert.Equal((200, "the body"), await Curl.GetAsync("--unix-socket", directory["in.sock"], "-d", "the body", "http://any/echo"));

        // A socket file that a killed sidecar left behind is no obstacle to the next one; one that is served is.
        var second = await Running.ToEndAsync(Peers.Pillion, ["run", "-c", sidecar.ConfigFile, "--admin", "127.0.0.1:0"], environment: new Dictionary<string, string> { ["PILLION_ADMIN_TOKEN_FILE"] = directory["t"] });
        Assert.Equal(1, second.Code);
        Assert.Contains("in.sock", second.Error);
        Assert.Equal((200, "behind GET /b"), await Curl.GetAsync("--unix-socket", directory["in.sock"], "http://any/b"));
        sidecar.Process.Signal(Signals.Kill);
        await sidecar.Process.EndAsync();
        Assert.True(File.Exists(directory["in.sock"]));
        await using var next = await Sidecar.StartAsync(await File.ReadAllTextAsync(sidecar.ConfigFile));
        Assert.Equal((200, "behind GET /c"), await Curl.GetAsync("--unix-socket", directory["in.sock"], "http://any/c"));
    }

    private static List<string> Lines(string text, string ending) => [.. text.Split('\n').Where(line => line.EndsWith(ending, StringComparison.Ordinal))];

    private static async Task ListensAsync(int port, Running process) => await Eventually.IsTrue(
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

    // Method, target, status, bytes and the request's id: the same in all three, request by request.
    private static async Task AgreeAsync(TempDirectory directory, string front, string middle, string back, bool withBytes = true)
    {
        var frontLines = await ReadAsync(front);
        Assert.Equal(Requests, frontLines.Distinct().Count());
        Assert.Equal(frontLines, await ReadAsync(back));
        var ours = (await ReadAsync(middle)).Select(line =>
        {
            using var json = JsonDocument.Parse(line);
            var record = json.RootElement;
            var bytes = withBytes ? $" {record.GetProperty("bytes_sent").GetInt64()}" : "";
            return $"{record.GetProperty("method").GetString()} {record.GetProperty("target").GetString()} {record.GetProperty("status").GetInt32()}{bytes} {record.GetProperty("id").GetString()}";
        });
        Assert.Equal(frontLines, ours);

        async Task<List<string>> ReadAsync(string name)
        {
            List<string> lines = [];
            await Eventually.IsTrue(async () => File.Exists(directory[name]) && (lines = [.. (await File.ReadAllLinesAsync(directory[name])).Where(line => line.Length > 0)]).Count >= Requests, $"{Requests} lines in {name}");
            return lines;
        }
    }
}
