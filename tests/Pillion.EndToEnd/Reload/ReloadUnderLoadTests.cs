using Pillion.EndToEnd.Support;
using Xunit;

namespace Pillion.EndToEnd.Reload;

/// <summary>Reloads that change everything while requests keep coming: not one of them may notice.</summary>
public sealed class ReloadUnderLoadTests
{
    private const int Reloads = 12;

    [Fact]
    public async Task No_request_fails_over_kept_and_new_connections()
    {
        await using var a = TestApp.Start("a");
        await using var b = TestApp.Start("b");
        var (inbound, outbound) = (Ports.Next(), Ports.Next());
        await using var sidecar = await Sidecar.StartAsync(Version(0));
        string[] requests =
        [
            "GET /plain HTTP/1.1\r\nHost: any\r\n\r\n",
            "POST /echo HTTP/1.1\r\nHost: any\r\nContent-Length: 7\r\n\r\nPOSTed!",
            "GET /routed/x HTTP/1.1\r\nHost: any\r\n\r\n",
        ];
        var load = Load.Start(inbound, requests, kept: 6, fresh: 2, answer => answer.Status == 200 && (answer.Body is "POSTed!" or "answered" || answer.Body.StartsWith("a GET") || answer.Body.StartsWith("b GET")));
        var calls = Load.Start(outbound, ["GET /x HTTP/1.1\r\nHost: other\r\n\r\n", "GET /proxy/other/y HTTP/1.1\r\nHost: me\r\n\r\n"], kept: 3, fresh: 1, answer => answer.Status == 200);
        await load.ReachAsync(200);
        for (var i = 1; i <= Reloads; i++)
        {
            await sidecar.ReloadAsync(Version(i));
            await load.ReachAsync(100);
            await calls.ReachAsync(50);
        }

        Assert.Equal("", await load.StopAsync());
        Assert.Equal("", await calls.StopAsync());
        Assert.True(a.Requests > 100 && b.Requests > 100, $"both applications were used: {a.Requests} and {b.Requests}");

        // The listener's settings of the last version are in force.
        using var client = await RawClient.ConnectAsync(inbound);
        await client.SendAsync("GET /plain HTTP/1.1\r\nHost: a\r\n" + string.Concat(Enumerable.Range(0, 50).Select(i => $"X-{i}: y\r\n")) + "\r\n");
        Assert.Equal(200, (await client.AnswerAsync())!.Status);

        // Each version moves the clusters, the routes and the settings of the listeners.
        string Version(int i) => $$"""
            app: 127.0.0.1:{{(i % 2 == 0 ? a : b).Port}}
            inbound:
              address: 127.0.0.1:{{inbound}}
              connect_timeout: {{1 + (i % 3)}}s
              http: { max_headers: {{100 + i}}, idle_timeout: {{60 + i}}s, server_name: v{{i}} }
              routes:
                - prefix: /routed
                  {{(i % 3 == 0 ? "respond: { status: 200, body: answered }" : $"rewrite: /version/{i}")}}
            outbound:
              address: 127.0.0.1:{{outbound}}
              services:
                other: { endpoints: ["127.0.0.1:{{a.Port}}"{{(i % 2 == 0 ? $", \"127.0.0.1:{b.Port}\"" : "")}}], timeout: {{5 + i}}s }
                extra{{i}}: { endpoints: ["127.0.0.1:{{b.Port}}"] }
            """;
    }

    [Fact]
    public async Task A_storm_of_SIGHUPs_and_listeners_that_come_and_go_disturb_no_other()
    {
        await using var app = TestApp.Start();
        var (port, other) = (Ports.Next(), Ports.Next());
        await using var sidecar = await Sidecar.StartAsync(Version(0));
        var load = Load.Start(port, ["GET /x HTTP/1.1\r\nHost: a\r\n\r\n"], kept: 4, fresh: 2, answer => answer.Status == 200);
        for (var i = 1; i <= Reloads; i++)
        {
            for (var storm = 0; storm < 20; storm++)
            {
                sidecar.Process.Signal(Signals.Hangup);
            }

            await sidecar.ReloadAsync(Version(i));
            await load.ReachAsync(50);
            Assert.Equal(i % 2 == 1 ? 0 : 7, (await Curl.RunAsync($"http://127.0.0.1:{other}/proxy/app2/")).Code);
        }

        Assert.Equal("", await load.StopAsync());

        // Every other version listens on a further port.
        string Version(int i) => $$"""
            app: 127.0.0.1:{{app.Port}}
            inbound: { address: "127.0.0.1:{{port}}", http: { max_headers: {{100 + i}} } }
            outbound: {{(i % 2 == 1 ? $"{{ address: \"127.0.0.1:{other}\", services: {{ app2: {{ endpoints: [\"127.0.0.1:{app.Port}\"] }} }} }}" : "off")}}
            """;
    }

    [Fact]
    public async Task Wrk_sees_no_error_while_the_file_changes()
    {
        var wrk = Peers.Need("wrk");
        await using var a = TestApp.Start("a");
        await using var b = TestApp.Start("b");
        var port = Ports.Next();
        await using var sidecar = await Sidecar.StartAsync(Version(0));
        await using var load = Running.Start(wrk, ["-t", "1", "-c", "16", "-d", "4", $"http://127.0.0.1:{port}/wrk"]);
        var reloads = 0;
        while (!load.HasExited)
        {
            await sidecar.ReloadAsync(Version(++reloads));
            await Task.Delay(100);
        }

        var result = await load.EndAsync();
        Assert.True(result.Code == 0, result.ToString());
        Assert.True(reloads >= 10, $"{reloads} reloads");
        Assert.DoesNotContain("Socket errors", result.Out);
        Assert.DoesNotContain("Non-2xx", result.Out);
        Assert.Equal(0, await sidecar.MetricAsync("pillion_http_downstream_rq_xx", "5xx"));

        string Version(int i) => $$"""
            app: 127.0.0.1:{{(i % 2 == 0 ? a : b).Port}}
            inbound: { address: "127.0.0.1:{{port}}", http: { max_headers: {{100 + i}} }, routes: [ { path: /other{{i}}, respond: 204 } ] }
            outbound: off
            access_log: off
            """;
    }
}
