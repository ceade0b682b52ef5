using Pillion.EndToEnd.Support;
using Xunit;

namespace Pillion.EndToEnd.Faults;

/// <summary>An upstream that misbehaves is one clear answer, and the next request is served.</summary>
public sealed class UpstreamTests(Neighbourhood here) : IClassFixture<Neighbourhood>
{
    [Theory]
    [InlineData("/garbage", 502, "http_protocol_error")]
    [InlineData("/hang-up", 503, "connection_terminated")]
    public async Task What_is_no_answer_is_told_and_the_next_request_served(string path, int status, string error)
    {
        var answer = await Curl.GetAsync("-i", "-X", "POST", $"http://127.0.0.1:{here.Inbound}{path}");
        Assert.True(status == answer.Status, answer.Body);
        Assert.Contains($"error={error}", answer.Body);
        Assert.Equal((200, "orders GET /next"), await Curl.GetAsync($"http://127.0.0.1:{here.Inbound}/next"));
    }

    [Fact]
    public async Task Half_an_answer_is_half_an_answer_for_the_client_too()
    {
        var result = await Curl.RunAsync($"http://127.0.0.1:{here.Inbound}/half");

        // curl's words for an end before the announced length, and for a reset; never a success.
        Assert.True(result.Code is 18 or 56, result.ToString());
        Assert.Equal("only this", result.Out);
        Assert.Equal((200, "orders GET /next"), await Curl.GetAsync($"http://127.0.0.1:{here.Inbound}/next"));
        await Eventually.IsTrue(() => here.Sidecar.Process.Out.Contains("\"target\":\"/half\""), "its line in the access log");
        Assert.Contains("\"flags\":\"UC\"", here.Sidecar.Process.Out.Split('\n').First(line => line.Contains("\"target\":\"/half\"")));
    }

    [Fact]
    public async Task An_answer_to_nothing_never_reaches_the_next_client()
    {
        const string Wrong = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nWRONG";
        await using var app = TestApp.Start();
        app.Handler = async request =>
        {
            // A second answer right behind the first, or later while nothing is asked: for whoever uses the connection next.
            await request.Connection.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nright" + (request.Path == "/behind" ? Wrong : ""));
            if (request.Path == "/later")
            {
                await Task.Delay(100);
                await request.Connection.SendAsync(Wrong);
            }

            return true;
        };
        var port = Ports.Next();
        await using var sidecar = await Sidecar.StartAsync(new SidecarOptions
        {
            // One loop, so that the next request finds the same connection.
            Arguments = ["--concurrency", "1"],
            Config = $$"""
                app: 127.0.0.1:{{app.Port}}
                inbound: { address: "127.0.0.1:{{port}}", retries: off }
                outbound: off
                """,
        });
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal((200, "right"), await Curl.GetAsync($"http://127.0.0.1:{port}/behind"));
            Assert.Equal((200, "right"), await Curl.GetAsync($"http://127.0.0.1:{port}/one"));
            Assert.Equal((200, "right"), await Curl.GetAsync($"http://127.0.0.1:{port}/later"));
            await Task.Delay(200);
            Assert.Equal((200, "right"), await Curl.GetAsync($"http://127.0.0.1:{port}/one"));
        }
    }

    [Fact]
    public async Task An_upstream_killed_under_load_and_brought_back_is_bridged_by_retries()
    {
        var stays = TestApp.Start("stays");
        var dies = TestApp.Start("dies");
        var port = Ports.Next();
        await using var sidecar = await Sidecar.StartAsync($$"""
            inbound: off
            outbound:
              address: 127.0.0.1:{{port}}
              services:
                pair:
                  endpoints: ["127.0.0.1:{{stays.Port}}", "127.0.0.1:{{dies.Port}}"]
                  retries: { on: [connect-failure, reset, gateway-error], attempts: 5, budget: 100% }
            """);
        var load = Load.Start(port, ["GET /x HTTP/1.1\r\nHost: pair\r\n\r\n"], kept: 6, fresh: 2, answer => answer.Status == 200);
        await load.ReachAsync(200);
        for (var round = 0; round < 3; round++)
        {
            var address = dies.Port;
            await dies.DisposeAsync();
            await load.ReachAsync(200);
            dies = TestApp.Start("back again", address);
            await Eventually.IsTrue(() => dies.Requests > 20, "the upstream that came back to be used");
        }

        Assert.Equal("", await load.StopAsync());
        Assert.True(await sidecar.MetricAsync("pillion_cluster_upstream_rq_retry_total") > 0);
        await stays.DisposeAsync();
        await dies.DisposeAsync();
    }
}
