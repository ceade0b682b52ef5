using System.Diagnostics;
using Pillion.EndToEnd.Support;
using Xunit;

namespace Pillion.EndToEnd.Lifecycle;

/// <summary>SIGTERM: what is under way is finished, what is kept is announced closed, and the end comes in any case.</summary>
public sealed class StoppingTests
{
    [Fact]
    public async Task A_request_under_way_is_finished_and_its_connection_announced_closed()
    {
        await using var app = TestApp.Start();
        var port = Ports.Next();
        await using var sidecar = await Sidecar.StartAsync(Config(app.Port, port, "grace_period: 20s, lame_duck: 0s"));
        using var slow = await RawClient.ConnectAsync(port);
        using var idle = await RawClient.ConnectAsync(port);
        await idle.SendAsync("GET /a HTTP/1.1\r\nHost: a\r\n\r\n");
        Assert.Null((await idle.AnswerAsync())!["Connection"]);
        await slow.SendAsync("GET /hold HTTP/1.1\r\nHost: a\r\n\r\n");
        await Eventually.IsTrue(() => app.Held == 1, "the slow request to arrive");

        sidecar.Process.Signal(Signals.Terminate);
        Assert.Equal("", await idle.RestAsync());
        await Eventually.IsTrue(async () => (await Curl.RunAsync($"http://127.0.0.1:{port}/")).Code == 7, "new connections to be refused");
        Assert.False(sidecar.Process.HasExited);
        app.Release();
        var answer = await slow.AnswerAsync();
        Assert.Equal("released", answer!.Body);
        Assert.Equal("close", answer["Connection"], ignoreCase: true);
        Assert.Equal(0, (await sidecar.Process.EndAsync()).Code);
    }

    [Fact]
    public async Task As_a_lame_duck_it_serves_on_and_says_that_it_goes()
    {
        await using var app = TestApp.Start();
        var port = Ports.Next();
        await using var sidecar = await Sidecar.StartAsync(Config(app.Port, port, "grace_period: 25s, lame_duck: 20s"));
        using var kept = await RawClient.ConnectAsync(port);
        await kept.SendAsync("GET /a HTTP/1.1\r\nHost: a\r\n\r\n");
        await kept.AnswerAsync();
        sidecar.Process.Signal(Signals.Terminate);
        await Eventually.IsTrue(async () => (await sidecar.AdminClient.GetAsync("/ready")).StatusCode == System.Net.HttpStatusCode.ServiceUnavailable, "readiness to fail");
        Assert.True((await sidecar.AdminClient.GetAsync("/live")).IsSuccessStatusCode);

        await kept.SendAsync("GET /b HTTP/1.1\r\nHost: a\r\n\r\n");
        var answer = await kept.AnswerAsync();
        Assert.Equal(200, answer!.Status);
        Assert.Equal("close", answer["Connection"], ignoreCase: true);
        Assert.Equal((200, "app GET /c"), await Curl.GetAsync($"http://127.0.0.1:{port}/c"));

        // The lame duck waits for callers to notice; an application that has gone leaves nothing to serve.
        await app.DisposeAsync();
        Assert.Equal(0, (await sidecar.Process.EndAsync()).Code);
    }

    [Fact]
    public async Task A_second_signal_ends_at_once()
    {
        await using var app = TestApp.Start();
        var port = Ports.Next();
        await using var sidecar = await Sidecar.StartAsync(Config(app.Port, port, "grace_period: 600s, lame_duck: 600s"));
        using var slow = await RawClient.ConnectAsync(port);
        await slow.SendAsync("GET /hold HTTP/1.1\r\nHost: a\r\n\r\n");
        await Eventually.IsTrue(() => app.Held == 1, "the slow request to arrive");
        sidecar.Process.Signal(Signals.Terminate);
        await Eventually.IsTrue(() => sidecar.Log.Contains("going away (SIGTERM)"), "the first signal");
        sidecar.Process.Signal(Signals.Terminate);
        Assert.Equal(0, (await sidecar.Process.EndAsync()).Code);
    }

    [Fact]
    public async Task The_grace_period_ends_what_does_not_end_by_itself()
    {
        await using var app = TestApp.Start();
        var port = Ports.Next();
        await using var sidecar = await Sidecar.StartAsync(Config(app.Port, port, "grace_period: 3s"));
        using var slow = await RawClient.ConnectAsync(port);
        await slow.SendAsync("GET /never HTTP/1.1\r\nHost: a\r\n\r\n");
        await Eventually.IsTrue(() => app.Requests == 1, "the request to arrive");
        var began = Stopwatch.GetTimestamp();
        Assert.Equal(0, (await sidecar.StopAsync()).Code);

        // Not a measure of speed: it must not have waited for the request, which never ends.
        Assert.InRange(Stopwatch.GetElapsedTime(began), TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(20));
        await Assert.ThrowsAnyAsync<Exception>(async () => Assert.NotNull(await slow.AnswerAsync()));
    }

    [Fact]
    public async Task Outbound_requests_are_served_while_inbound_drains()
    {
        await using var app = TestApp.Start();
        var (inbound, outbound) = (Ports.Next(), Ports.Next());
        await using var sidecar = await Sidecar.StartAsync($$"""
            app: 127.0.0.1:{{app.Port}}
            inbound: { address: "127.0.0.1:{{inbound}}" }
            outbound: { address: "127.0.0.1:{{outbound}}", services: { other: { endpoints: ["127.0.0.1:{{app.Port}}"] } } }
            lifecycle: { grace_period: 20s, lame_duck: 0s }
            """);
        using var slow = await RawClient.ConnectAsync(inbound);
        await slow.SendAsync("GET /hold HTTP/1.1\r\nHost: a\r\n\r\n");
        await Eventually.IsTrue(() => app.Held == 1, "the slow request to arrive");
        using var call = await RawClient.ConnectAsync(outbound);
        sidecar.Process.Signal(Signals.Terminate);
        await Eventually.IsTrue(async () => (await Curl.RunAsync($"http://127.0.0.1:{inbound}/")).Code == 7, "inbound to be closed");
        for (var i = 0; i < 3; i++)
        {
            await call.SendAsync($"GET /{i} HTTP/1.1\r\nHost: other\r\n\r\n");
            var answer = await call.AnswerAsync();
            Assert.Equal($"app GET /{i}", answer!.Body);
            Assert.Null(answer["Connection"]);
        }

        Assert.Equal((200, "app GET /new"), await Curl.GetAsync("-H", "Host: other", $"http://127.0.0.1:{outbound}/new"));
        call.Dispose();
        app.Release();
        Assert.Equal("released", (await slow.AnswerAsync())!.Body);
        Assert.Equal(0, (await sidecar.Process.EndAsync()).Code);
    }

    private static string Config(int app, int port, string lifecycle) => $$"""
        app: 127.0.0.1:{{app}}
        inbound: { address: "127.0.0.1:{{port}}" }
        outbound: off
        lifecycle: { {{lifecycle}} }
        """;
}
