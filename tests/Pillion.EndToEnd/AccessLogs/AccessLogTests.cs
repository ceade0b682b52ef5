using System.Text.Json;
using Pillion.EndToEnd.Support;
using Xunit;

namespace Pillion.EndToEnd.AccessLogs;

/// <summary>Access logs in files: their forms, and logrotate.</summary>
public sealed class AccessLogTests
{
    [Fact]
    public async Task Each_form_writes_a_line_for_every_request()
    {
        await using var app = TestApp.Start();
        using var directory = new TempDirectory();
        var port = Ports.Next();
        await using var sidecar = await Sidecar.StartAsync($$"""
            app: 127.0.0.1:{{app.Port}}
            inbound:
              address: 127.0.0.1:{{port}}
              access_log:
                - "{{directory["default.log"]}}"
                - { path: "{{directory["envoy.log"]}}", format: text }
                - { path: "{{directory["own.log"]}}", text: "%REQ(:METHOD)% %RESPONSE_CODE% %BYTES_SENT% %REQ(X-NOTE)%" }
                - { path: "{{directory["fields.log"]}}", fields: { status: "%RESPONSE_CODE%", path: "%REQ(:PATH)%" } }
            outbound: off
            """);
        using var client = await RawClient.ConnectAsync(port);
        await client.SendAsync("GET /one HTTP/1.1\r\nHost: a.example\r\nUser-Agent: it's \"quoted\"\r\nX-Request-Id: id-1\r\nX-Note: two\twords\r\n\r\n");
        await client.AnswerAsync();
        await client.SendAsync("POST /status/404 HTTP/1.1\r\nHost: a.example\r\nContent-Length: 3\r\nX-Request-Id: id-2\r\n\r\nabc");
        await client.AnswerAsync();
        await client.SendAsync("BROKEN\r\n\r\n");
        await client.AnswerAsync();
        client.Dispose();
        await sidecar.StopAsync();

        var json = File.ReadAllLines(directory["default.log"]).Select(line => JsonDocument.Parse(line).RootElement).ToList();
        Assert.Equal([200, 404, 400], json.Select(line => line.GetProperty("status").GetInt32()));
        Assert.Equal("id-1", json[0].GetProperty("id").GetString());
        Assert.Equal("it's \"quoted\"", json[0].GetProperty("user_agent").GetString());
        Assert.Equal(3, json[1].GetProperty("bytes_received").GetInt32());
        Assert.Equal("application", json[1].GetProperty("answered_by").GetString());
        Assert.Equal("DPE", json[2].GetProperty("flags").GetString());

        var envoy = File.ReadAllLines(directory["envoy.log"]);
        Assert.Equal(3, envoy.Length);
        Assert.Matches($$"""^\[\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\] "GET /one HTTP/1\.1" 200 - 0 12 \d+ \d+ "127\.0\.0\.1" "it's \\x22quoted\\x22" "id-1" "a\.example" "127\.0\.0\.1:{{app.Port}}"$""", envoy[0]);
        Assert.Contains("\" 400 DPE ", envoy[2]);

        Assert.Equal(["GET 200 12 two\\x09words", "POST 404 10 -"], File.ReadAllLines(directory["own.log"]).Take(2));
        Assert.Equal("""{"status":200,"path":"/one"}""", File.ReadAllLines(directory["fields.log"])[0]);
    }

    [Fact]
    public async Task Logrotate_renames_and_signals_and_no_line_is_lost()
    {
        await using var app = TestApp.Start();
        using var directory = new TempDirectory();
        var port = Ports.Next();
        await using var sidecar = await Sidecar.StartAsync($$"""
            app: 127.0.0.1:{{app.Port}}
            inbound: { address: "127.0.0.1:{{port}}" }
            outbound: off
            access_log: "{{directory["access.log"]}}"
            """);
        using var client = Http.Client(port);
        var sent = 0;
        for (var rotation = 1; rotation <= 3; rotation++)
        {
            for (var i = 0; i < 100; i++)
            {
                await client.GetStringAsync($"/{sent++}");
            }

            await Eventually.IsTrue(() => File.Exists(directory["access.log"]), "the log file");
            File.Move(directory["access.log"], directory[$"access.log.{rotation}"]);
            sidecar.Process.Signal(Signals.User1);
            await Eventually.IsTrue(async () => await sidecar.MetricAsync("pillion_access_log_reopened_total") >= rotation, "the file to be opened again");
        }

        await client.GetStringAsync($"/{sent++}");
        await sidecar.StopAsync();
        var targets = Directory.GetFiles(directory.Path, "access.log*").SelectMany(File.ReadAllLines).Select(line => JsonDocument.Parse(line).RootElement.GetProperty("target").GetString());
        Assert.Equal(Enumerable.Range(0, sent).Select(i => $"/{i}").Order(), targets.Order());
        Assert.NotEmpty(File.ReadAllLines(directory["access.log"]));
    }

    [Fact]
    public async Task Standard_output_gets_the_lines_and_only_them()
    {
        var port = Ports.Next();
        await using var sidecar = await Sidecar.StartAsync($$"""
            inbound: { address: "127.0.0.1:{{port}}", routes: [ { prefix: /, respond: 204 } ] }
            outbound: off
            """);
        await Curl.GetAsync($"http://127.0.0.1:{port}/a");
        var result = await sidecar.StopAsync();
        using var line = JsonDocument.Parse(Assert.Single(result.Out.TrimEnd().Split('\n')));
        Assert.Equal(204, line.RootElement.GetProperty("status").GetInt32());
    }
}
