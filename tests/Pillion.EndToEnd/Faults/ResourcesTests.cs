using Pillion.EndToEnd.Support;
using Xunit;

namespace Pillion.EndToEnd.Faults;

/// <summary>A full disk and a process without descriptors: requests go on, or go on again.</summary>
public sealed class ResourcesTests
{
    [Fact]
    public async Task A_full_disk_stops_the_access_log_and_not_the_requests()
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "this system has no /dev/full");
        await using var app = TestApp.Start();
        var port = Ports.Next();
        await using var sidecar = await Sidecar.StartAsync($$"""
            app: 127.0.0.1:{{app.Port}}
            inbound: { address: "127.0.0.1:{{port}}" }
            outbound: off
            access_log: /dev/full
            """);
        using var client = Http.Client(port);
        for (var i = 0; i < 50; i++)
        {
            Assert.Equal($"app GET /{i}", await client.GetStringAsync($"/{i}"));
        }

        await Eventually.IsTrue(async () => await sidecar.MetricAsync("pillion_access_log_lines_dropped_total", "write_error") == 50, "every line to be counted as dropped");
        for (var i = 0; i < 50; i++)
        {
            Assert.Equal($"app GET /{i}", await client.GetStringAsync($"/{i}"));
        }

        await Eventually.IsTrue(async () => await sidecar.MetricAsync("pillion_access_log_lines_dropped_total", "write_error") == 100, "every line to be counted as dropped");
        Assert.Equal(0, await sidecar.MetricAsync("pillion_access_log_lines_written_total"));
        Assert.Single(sidecar.Log.Split('\n'), line => line.Contains("/dev/full"));
    }

    [Fact]
    public async Task A_disk_that_has_room_again_is_written_again_in_whole_lines()
    {
        var unshare = Peers.Need("mount");
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root may mount a small file system");
        await using var app = TestApp.Start();
        using var directory = new TempDirectory();
        Directory.CreateDirectory(directory["small"]);
        Assert.SkipUnless((await Running.ToEndAsync(unshare, ["-t", "tmpfs", "-o", "size=64k", "none", directory["small"]])).Code == 0, "this container may not mount");
        try
        {
            var port = Ports.Next();
            await using var sidecar = await Sidecar.StartAsync($$"""
                app: 127.0.0.1:{{app.Port}}
                inbound: { address: "127.0.0.1:{{port}}" }
                outbound: off
                access_log: "{{directory["small/access.log"]}}"
                """);
            using var client = Http.Client(port);
            var sent = 0;
            await Eventually.IsTrue(
                async () =>
                {
                    for (var i = 0; i < 100; i++)
                    {
                        await client.GetStringAsync($"/{sent++}");
                    }

                    return await sidecar.MetricAsync("pillion_access_log_lines_dropped_total") > 0;
                },
                "the file system to be full");
            File.Move(directory["small/access.log"], directory["first.log"]);
            sidecar.Process.Signal(Signals.User1);
            await Eventually.IsTrue(async () => await sidecar.MetricAsync("pillion_access_log_reopened_total") > 0, "the file to be opened again");
            await client.GetStringAsync("/after");
            sent++;
            Assert.Equal(0, (await sidecar.StopAsync()).Code);
            var lines = File.ReadAllLines(directory["first.log"]).Concat(File.ReadAllLines(directory["small/access.log"])).ToList();
            Assert.All(lines, line => System.Text.Json.JsonDocument.Parse(line).Dispose());
            Assert.Contains(lines, line => line.Contains("\"target\":\"/after\""));
            Assert.True(lines.Count < sent);
            Assert.Contains("lines were lost", sidecar.Log);
        }
        finally
        {
            await Running.ToEndAsync(Peers.Need("umount"), ["-l", directory["small"]]);
        }
    }

    [Fact]
    public async Task Without_descriptors_it_waits_and_serves_again()
    {
        await using var app = TestApp.Start();
        var port = Ports.Next();
        await using var sidecar = await Sidecar.StartAsync(new SidecarOptions
        {
            Shell = "ulimit -n 100; exec",
            Config = $$"""
                app: 127.0.0.1:{{app.Port}}
                inbound: { address: "127.0.0.1:{{port}}" }
                outbound: off
                access_log: off
                """,
        });
        var clients = new List<RawClient>();
        for (var i = 0; i < 150; i++)
        {
            clients.Add(await RawClient.ConnectAsync(port));
        }

        await Eventually.IsTrue(() => sidecar.Log.Contains("cannot accept connections"), "the log to tell");
        await Task.Delay(500);
        clients.ForEach(client => client.Dispose());
        for (var i = 0; i < 20; i++)
        {
            Assert.Equal((200, $"app GET /{i}"), await Curl.GetAsync($"http://127.0.0.1:{port}/{i}"));
        }

        // Said, but not ten times a second for as long as it lasts.
        Assert.InRange(sidecar.Log.Split('\n').Count(line => line.Contains("cannot accept connections")), 1, 3);
        Assert.Equal(0, (await sidecar.StopAsync()).Code);
    }
}
