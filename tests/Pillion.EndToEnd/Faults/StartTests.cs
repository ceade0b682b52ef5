using Pillion.EndToEnd.Support;
using Xunit;

namespace Pillion.EndToEnd.Faults;

/// <summary>What cannot start says so in one line, with the exit code that the documentation names.</summary>
public sealed class StartTests
{
    [Theory]
    [InlineData(2, "unknown option '--colour'", "run", "--colour", "red")]
    [InlineData(2, "did you mean '--config'?", "run", "--confg", "x")]
    [InlineData(2, "unknown command 'rnu', did you mean 'run'?", "rnu")]
    [InlineData(2, "no-such-file.yaml", "run", "-c", "no-such-file.yaml")]
    [InlineData(2, "no-such-file.yaml", "check", "no-such-file.yaml")]
    [InlineData(2, "there is no configuration: give one with -c FILE or PILLION_CONFIG", "run")]
    [InlineData(2, "--log-level: 'loud' is not a level", "run", "-c", "x", "--log-level", "loud")]
    [InlineData(2, "--concurrency: '0' is not a number of loops", "run", "-c", "x", "--concurrency", "0")]
    [InlineData(2, "--admin", "run", "-c", "x", "--admin", "not an address")]
    [InlineData(2, "there is no application after --", "run", "-c", "x", "--")]
    [InlineData(2, "only 'run' starts an application", "check", "x", "--", "app")]
    [InlineData(2, "-c needs a value", "run", "-c")]
    public async Task A_misuse_is_one_line_and_exit_code_2(int code, string expected, params string[] arguments)
    {
        var result = await Running.ToEndAsync(Peers.Pillion, arguments);
        Assert.True(result.Code == code, result.ToString());
        Assert.Single(result.Error.TrimEnd().Split('\n'));
        Assert.Contains(expected.Replace("-c needs", "--config needs"), result.Error);
        Assert.Equal("", result.Out);
    }

    [Fact]
    public async Task A_file_that_cannot_be_read_is_one_line_and_exit_code_2()
    {
        using var directory = new TempDirectory();
        Directory.CreateDirectory(directory["a-directory"]);
        var result = await Running.ToEndAsync(Peers.Pillion, ["run", "-c", directory["a-directory"]]);
        Assert.True(result.Code == 2, result.ToString());
        Assert.Single(result.Error.TrimEnd().Split('\n'));
        Assert.Contains("a-directory", result.Error);

        // Root may read everything, so the test takes another user's place where it is root.
        var file = directory.Write("private.yaml", "outbound: off");
        File.SetUnixFileMode(file, UnixFileMode.None);
        File.SetUnixFileMode(directory.Path, (UnixFileMode)0b111_101_101);
        result = Environment.IsPrivilegedProcess
            ? await Running.ToEndAsync(Peers.Need("setpriv"), ["--reuid", "65534", "--clear-groups", Readable(directory), "check", file])
            : await Running.ToEndAsync(Peers.Pillion, ["check", file]);
        Assert.True(result.Code == 2, result.ToString());
        Assert.Contains("private.yaml", result.Error);
        Assert.Contains("permission", result.Error, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task A_port_in_use_is_one_line_that_names_it_also_when_the_other_is_a_Pillion()
    {
        var port = Ports.Next();
        var config = $$"""
            inbound: { address: "127.0.0.1:{{port}}", routes: [ { prefix: /, respond: { status: 200, body: "the first" } } ] }
            outbound: off
            """;
        await using var first = await Sidecar.StartAsync(config);
        await using var second = Sidecar.Launch(new SidecarOptions { Config = config });
        var result = await second.Process.EndAsync();
        Assert.Equal(1, result.Code);
        Assert.Contains($"127.0.0.1:{port}", result.Error);
        Assert.Contains("in use", result.Error);
        Assert.Equal((200, "the first"), await Curl.GetAsync($"http://127.0.0.1:{port}/"));

        await using var other = TestApp.Start();
        await using var third = Sidecar.Launch(new SidecarOptions { Config = config.Replace($"{port}", $"{other.Port}") });
        result = await third.Process.EndAsync();
        Assert.Equal(1, result.Code);
        Assert.Contains($"127.0.0.1:{other.Port}", result.Error);

        await using var fourth = Sidecar.Launch(new SidecarOptions { Config = config.Replace($"{port}", $"{Ports.Next()}"), Admin = $"127.0.0.1:{other.Port}" });
        result = await fourth.Process.EndAsync();
        Assert.Equal(1, result.Code);
        Assert.Contains($"admin: cannot bind 127.0.0.1:{other.Port}", result.Error);
    }

    [Fact]
    public async Task Every_mistake_of_a_file_is_told_at_once()
    {
        await using var sidecar = Sidecar.Launch(new SidecarOptions { Config = "app: { address: 127.0.0.1:70000 }\ninbund: { port: 1 }\noutbound: { services: { a: { endpoints: [] , tiemout: 3s } } }\n" });
        var result = await sidecar.Process.EndAsync();
        Assert.Equal(1, result.Code);
        Assert.Contains("pillion.yaml:1:", result.Error);
        Assert.Contains("did you mean 'inbound'", result.Error);
        Assert.Contains("did you mean 'timeout'", result.Error);
        var check = await Running.ToEndAsync(Peers.Pillion, ["check", sidecar.ConfigFile]);
        Assert.Equal(1, check.Code);
        Assert.Contains("did you mean 'timeout'", check.Out);
    }

    [Fact]
    public async Task A_missing_application_is_503_until_it_comes()
    {
        var (port, appPort) = (Ports.Next(), Ports.Next());
        await using var sidecar = await Sidecar.StartAsync($$"""
            app: 127.0.0.1:{{appPort}}
            inbound: { address: "127.0.0.1:{{port}}" }
            outbound: off
            """);
        var (status, body) = await Curl.GetAsync($"http://127.0.0.1:{port}/");
        Assert.Equal(503, status);
        Assert.Contains("refused", body);
        await using var app = TestApp.Start(port: appPort);
        Assert.Equal((200, "app GET /"), await Curl.GetAsync($"http://127.0.0.1:{port}/"));
    }

    // The binary may lie where only its owner can look.
    private static string Readable(TempDirectory directory)
    {
        File.Copy(Peers.Pillion, directory["pillion"]);
        File.SetUnixFileMode(directory["pillion"], (UnixFileMode)0b111_101_101);
        return directory["pillion"];
    }
}
