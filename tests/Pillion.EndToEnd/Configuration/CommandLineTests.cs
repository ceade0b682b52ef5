using Pillion.EndToEnd.Support;
using Xunit;

namespace Pillion.EndToEnd.Configuration;

/// <summary>Where settings come from besides the file, and the two commands of the README.</summary>
public sealed class CommandLineTests
{
    [Fact]
    public async Task The_environment_names_the_file_and_the_admin_port_and_fills_the_file_in()
    {
        await using var app = TestApp.Start();
        using var directory = new TempDirectory();
        var port = Ports.Next();
        directory.Write("p.yaml", """
            app: 127.0.0.1:${APP_PORT}
            inbound: { address: "127.0.0.1:${LISTEN:-1}", routes: [ { path: /who, respond: { status: 200, body: "${GREETING:-nobody}, $$5" } } ] }
            outbound: off
            """);
        var environment = new Dictionary<string, string>
        {
            ["PILLION_CONFIG"] = directory["p.yaml"],
            ["PILLION_ADMIN"] = "unix:" + directory["a.sock"],
            ["PILLION_ADMIN_TOKEN_FILE"] = directory["t"],
            ["APP_PORT"] = $"{app.Port}",
            ["LISTEN"] = $"{port}",
        };
        await using var sidecar = Running.Start(Peers.Pillion, ["run"], directory.Path, environment);
        var waited = await Running.ToEndAsync(Peers.Pillion, ["wait", "--timeout", "20s"], environment: environment);
        Assert.True(waited.Code == 0, $"{waited}\n{sidecar.Error}");
        Assert.Equal((200, "app GET /a"), await Curl.GetAsync($"http://127.0.0.1:{port}/a"));
        Assert.StartsWith("nobody, $", (await Curl.GetAsync($"http://127.0.0.1:{port}/who")).Body);
        environment.Remove("APP_PORT");
        var check = await Running.ToEndAsync(Peers.Pillion, ["check", directory["p.yaml"]], environment: environment);
        Assert.Equal(1, check.Code);
        Assert.Contains("p.yaml:1:", check.Out);
        Assert.Contains("APP_PORT", check.Out);
    }

    [Theory]
    [InlineData("1", 1)]
    [InlineData("3", 3)]
    public async Task Concurrency_is_the_number_of_loops(string written, int loops)
    {
        await using var sidecar = await Sidecar.StartAsync(new SidecarOptions { Config = Answering(Ports.Next()), Arguments = ["--concurrency", written] });
        var names = Directory.GetDirectories($"/proc/{sidecar.Process.Id}/task").Select(task => File.ReadAllText(Path.Combine(task, "comm")).Trim());
        Assert.Equal(loops, names.Count(name => name.StartsWith("loop-", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("debug")]
    [InlineData("info")]
    [InlineData("warn")]
    public async Task The_log_level_says_how_much_is_logged(string level)
    {
        await using var sidecar = await Sidecar.StartAsync(new SidecarOptions { Config = Answering(Ports.Next()), Arguments = ["--log-level", level] });
        Assert.Equal(level != "warn", sidecar.Log.Contains(" info "));
    }

    [Fact]
    public async Task The_portable_network_serves_as_well()
    {
        await using var app = TestApp.Start();
        var (inbound, outbound) = (Ports.Next(), Ports.Next());
        await using var sidecar = await Sidecar.StartAsync(new SidecarOptions
        {
            Arguments = ["--network", "portable"],
            Config = $$"""
                app: 127.0.0.1:{{app.Port}}
                inbound: { address: "127.0.0.1:{{inbound}}" }
                outbound: { address: "127.0.0.1:{{outbound}}", services: { other: { endpoints: ["127.0.0.1:{{app.Port}}"] } } }
                lifecycle: { lame_duck: 0s }
                """,
        });
        using var client = Http.Client(inbound);
        Assert.Equal("app GET /a", await client.GetStringAsync("/a"));
        Assert.Equal((200, "app GET /b"), await Curl.GetAsync("-x", $"http://127.0.0.1:{outbound}", "http://other/b"));
        Assert.Equal((200, "app GET /c"), await Curl.GetAsync("-p", "-x", $"http://127.0.0.1:{outbound}", "http://other/c"));
        Assert.Equal("200 10000000", (await Curl.RunAsync("-o", "/dev/null", "-w", "%{http_code} %{size_download}", $"http://127.0.0.1:{inbound}/bytes/10000000")).Out);
        Assert.Equal((200, "10000"), await Curl.GetAsync("-d", new string('x', 10_000), $"http://127.0.0.1:{inbound}/count"));
        var load = Load.Start(inbound, ["GET /l HTTP/1.1\r\nHost: a\r\n\r\n"], kept: 4, fresh: 2, answer => answer.Status == 200);
        await load.ReachAsync(500);
        Assert.Equal("", await load.StopAsync());
        Assert.Equal(0, (await sidecar.StopAsync()).Code);
    }

    [Fact]
    public async Task The_demonstration_shows_everything_and_ends_by_itself()
    {
        using var directory = new TempDirectory();
        var result = await Running.ToEndAsync(Peers.Pillion, ["demo", "--seconds", "1"], directory.Path, new Dictionary<string, string> { ["PILLION_ADMIN_TOKEN_FILE"] = directory["t"] });
        Assert.True(result.Code == 0, result.ToString());
        foreach (var shown in new[] { "→ 200", "→ 503", "access log:", "pillion explain demo-", "pillion_http_downstream_rq_total", "The admin page:        http://127.0.0.1:" })
        {
            Assert.Contains(shown, result.Out);
        }
    }

    [Fact]
    public async Task The_READMEs_configuration_is_correct_and_its_commands_exist()
    {
        var readme = await File.ReadAllTextAsync(Path.Combine(Peers.RepositoryRoot, "README.md"));
        using var directory = new TempDirectory();
        var yaml = readme.Split("```yaml\n")[1].Split("```")[0];
        var check = await Running.ToEndAsync(Peers.Pillion, ["check", directory.Write("pillion.yaml", yaml)]);
        Assert.True(check.Code == 0, check.ToString());
        var help = await Running.ToEndAsync(Peers.Pillion, ["--help"]);
        foreach (System.Text.RegularExpressions.Match command in System.Text.RegularExpressions.Regex.Matches(readme, @"(?:out/|`)pillion (\w+)|--project src/Pillion -- (\w+)"))
        {
            Assert.Contains("  " + command.Groups[1].Value + command.Groups[2].Value, help.Out);
        }
    }

    [Fact]
    public async Task Every_sample_is_correct()
    {
        var samples = Directory.GetFiles(Path.Combine(Peers.RepositoryRoot, "samples"));
        Assert.NotEmpty(samples);
        foreach (var sample in samples)
        {
            var check = await Running.ToEndAsync(Peers.Pillion, ["check", sample]);
            Assert.True(check.Code == 0, check.ToString());
        }
    }

    [Fact]
    public async Task An_endpoint_with_a_name_is_resolved()
    {
        await using var app = TestApp.Start();
        var port = Ports.Next();
        await using var sidecar = await Sidecar.StartAsync($$"""
            inbound: off
            outbound:
              address: 127.0.0.1:{{port}}
              services:
                named: { endpoints: ["dns://localhost:{{app.Port}}"] }
                nowhere: { endpoints: ["dns://no-such-name.invalid:80"], timeout: 10s }
            """);
        Assert.Equal((200, "app GET /a"), await Curl.GetAsync($"http://127.0.0.1:{port}/proxy/named/a"));
        Assert.Equal(503, (await Curl.GetAsync($"http://127.0.0.1:{port}/proxy/nowhere/a")).Status);
    }

    private static string Answering(int port) => $$"""
        inbound: { address: "127.0.0.1:{{port}}", routes: [ { prefix: /, respond: 200 } ] }
        outbound: off
        """;
}
