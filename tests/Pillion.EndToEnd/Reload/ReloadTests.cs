using Pillion.EndToEnd.Support;
using Xunit;

namespace Pillion.EndToEnd.Reload;

/// <summary>How a change of the file is noticed, and what a bad one does: nothing, loudly.</summary>
public sealed class ReloadTests
{
    [Fact]
    public async Task A_file_that_was_replaced_is_read_again_by_itself()
    {
        var port = Ports.Next();
        await using var sidecar = await Sidecar.StartAsync(Answering(port, "one"));
        Assert.Equal((200, "one"), await Curl.GetAsync($"http://127.0.0.1:{port}/"));
        sidecar.Directory.Replace("pillion.yaml", Answering(port, "two"));
        await Eventually.IsTrue(async () => await Curl.GetAsync($"http://127.0.0.1:{port}/") == (200, "two"), "the new file's answer");
        Assert.Contains("changed and runs now", sidecar.Log);
    }

    [Fact]
    public async Task A_ConfigMap_whose_link_was_swapped_is_read_again()
    {
        // As the kubelet mounts it: pillion.yaml → ..data/pillion.yaml, ..data → ..2026_01, and ..data is renamed over.
        var directory = new TempDirectory();
        var port = Ports.Next();
        Directory.CreateDirectory(directory["..2026_01"]);
        Directory.CreateDirectory(directory["..2026_02"]);
        directory.Write("..2026_01/pillion.yaml", Answering(port, "one"));
        directory.Write("..2026_02/pillion.yaml", Answering(port, "two"));
        File.CreateSymbolicLink(directory["..data"], "..2026_01");
        File.CreateSymbolicLink(directory["pillion.yaml"], "..data/pillion.yaml");
        await using var sidecar = await Sidecar.StartAsync(new SidecarOptions { Directory = directory, ConfigPath = directory["pillion.yaml"] });
        Assert.Equal((200, "one"), await Curl.GetAsync($"http://127.0.0.1:{port}/"));

        File.CreateSymbolicLink(directory["..data_tmp"], "..2026_02");
        Assert.Equal(0, (await Running.ToEndAsync(Peers.Need("mv"), ["-T", directory["..data_tmp"], directory["..data"]])).Code);
        await Eventually.IsTrue(async () => await Curl.GetAsync($"http://127.0.0.1:{port}/") == (200, "two"), "the new directory's answer");
    }

    [Fact]
    public async Task Without_a_watch_SIGHUP_reads_it_again()
    {
        var port = Ports.Next();
        await using var sidecar = await Sidecar.StartAsync(Answering(port, "one") + "reload: { watch: false }\n");
        await sidecar.ReloadAsync(Answering(port, "two") + "reload: { watch: false }\n");
        Assert.Equal((200, "two"), await Curl.GetAsync($"http://127.0.0.1:{port}/"));
    }

    [Theory]
    [InlineData("inbound: { prot: 1 }", "did you mean 'port'?")]
    [InlineData("inbound: [", "pillion.yaml:")]
    [InlineData("", "pillion.yaml")]
    public async Task A_bad_file_changes_nothing_and_is_told_in_log_and_on_the_admin_port(string bad, string expected)
    {
        var port = Ports.Next();
        await using var sidecar = await Sidecar.StartAsync(Answering(port, "one"));
        sidecar.Directory.Replace("pillion.yaml", bad);
        sidecar.Process.Signal(Signals.Hangup);
        await Eventually.IsTrue(async () => (await sidecar.ReloadsAsync()).Refused > 0, "the file to be refused");

        Assert.Equal((200, "one"), await Curl.GetAsync($"http://127.0.0.1:{port}/"));
        Assert.Contains(expected, sidecar.Log);
        Assert.Contains(expected, await sidecar.GetAsync("/ready"));
        Assert.Contains("ready", await sidecar.GetAsync("/ready"));
        using var config = await sidecar.JsonAsync("/config");
        Assert.Contains(expected, config.RootElement.GetProperty("newest_mistakes").ToString().Replace("\\u0027", "'"));

        await sidecar.ReloadAsync(Answering(port, "three"));
        Assert.Equal((200, "three"), await Curl.GetAsync($"http://127.0.0.1:{port}/"));
        Assert.DoesNotContain("refused", await sidecar.GetAsync("/ready"));
    }

    [Fact]
    public async Task A_port_that_is_taken_refuses_the_whole_new_file()
    {
        await using var other = TestApp.Start();
        var (port, port2) = (Ports.Next(), Ports.Next());
        await using var sidecar = await Sidecar.StartAsync(Answering(port, "one"));
        sidecar.Directory.Replace("pillion.yaml", Answering(port, "two").Replace("outbound: off", $"outbound: {{ address: \"127.0.0.1:{other.Port}\" }}"));
        sidecar.Process.Signal(Signals.Hangup);
        await Eventually.IsTrue(async () => (await sidecar.ReloadsAsync()).Refused > 0, "the file to be refused");
        Assert.Contains($"127.0.0.1:{other.Port}", await sidecar.GetAsync("/ready"));
        Assert.Equal((200, "one"), await Curl.GetAsync($"http://127.0.0.1:{port}/"));

        // And another port is bound, a former one given up.
        await sidecar.ReloadAsync(Answering(port2, "two"));
        Assert.Equal((200, "two"), await Curl.GetAsync($"http://127.0.0.1:{port2}/"));
        await Eventually.IsTrue(async () => (await Curl.RunAsync($"http://127.0.0.1:{port}/")).Code == 7, "the former port to be closed");
    }

    [Fact]
    public async Task A_request_under_way_ends_as_it_began()
    {
        await using var old = TestApp.Start("old");
        await using var next = TestApp.Start("next");
        var port = Ports.Next();
        await using var sidecar = await Sidecar.StartAsync(For(old.Port));
        using var client = await RawClient.ConnectAsync(port);
        await client.SendAsync("GET /hold HTTP/1.1\r\nHost: a\r\n\r\n");
        await Eventually.IsTrue(() => old.Held == 1, "the request to arrive");
        await sidecar.ReloadAsync(For(next.Port));
        Assert.Equal((200, "next GET /a"), await Curl.GetAsync($"http://127.0.0.1:{port}/a"));
        old.Release();
        Assert.Equal("released", (await client.AnswerAsync())!.Body);
        await client.SendAsync("GET /b HTTP/1.1\r\nHost: a\r\n\r\n");
        Assert.Equal("next GET /b", (await client.AnswerAsync())!.Body);

        string For(int app) => $$"""
            app: 127.0.0.1:{{app}}
            inbound: { address: "127.0.0.1:{{port}}" }
            outbound: off
            """;
    }

    [Fact]
    public async Task A_tunnel_lives_through_reloads_that_take_its_route_away()
    {
        await using var app = TestApp.Start();
        app.Handler = async request =>
        {
            await request.Connection.SendAsync("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n");
            request.Connection.IsTaken = true;
            while (await request.Connection.SomeAsync() is { IsEmpty: false } part)
            {
                await request.Connection.SendAsync(part);
            }

            return true;
        };
        var port = Ports.Next();
        await using var sidecar = await Sidecar.StartAsync($$"""
            app: 127.0.0.1:{{app.Port}}
            inbound: { address: "127.0.0.1:{{port}}" }
            outbound: off
            """);
        using var client = await RawClient.ConnectAsync(port);
        await client.SendAsync("GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
        Assert.Equal(101, (await client.AnswerAsync())!.Status);
        for (var i = 0; i < 3; i++)
        {
            await sidecar.ReloadAsync(Answering(port, $"version {i}"));
            await client.SendAsync($"message {i}\n");
            Assert.Equal($"message {i}", await Eventually.Within(client.Connection.LineAsync(), "the echo"));
        }

        Assert.Equal((200, "version 2"), await Curl.GetAsync($"http://127.0.0.1:{port}/"));
    }

    private static string Answering(int port, string body) => $$"""
        inbound: { address: "127.0.0.1:{{port}}", routes: [ { prefix: /, respond: { status: 200, body: "{{body}}" } } ] }
        outbound: off

        """;
}
