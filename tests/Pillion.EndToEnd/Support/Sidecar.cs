using System.Net.Http;
using System.Net.Http.Headers;
using System.Text.Json;

namespace Pillion.EndToEnd.Support;

/// <summary>The published binary, running with a configuration in a directory of its own; its admin port is a Unix socket there unless the test says otherwise.</summary>
internal sealed class Sidecar : IAsyncDisposable
{
    private HttpClient? _admin;

    private Sidecar(TempDirectory directory, Running process, string admin, string file)
    {
        Directory = directory;
        Process = process;
        Admin = admin;
        ConfigFile = file;
    }

    public TempDirectory Directory { get; }

    public Running Process { get; }

    /// <summary>The admin address as --admin takes it.</summary>
    public string Admin { get; }

    public string ConfigFile { get; }

    public string Log => Process.Error;

    /// <summary>Asks the admin port.</summary>
    public HttpClient AdminClient => _admin ??= Http.Client(Admin);

    /// <summary>Starts and waits until it is up, as a deployment would: with <c>pillion wait</c>.</summary>
    public static async Task<Sidecar> StartAsync(SidecarOptions options)
    {
        var sidecar = Launch(options);
        var waited = await Running.ToEndAsync(Peers.Pillion, ["wait", "--timeout", "20s", "--admin", sidecar.Admin]);
        if (waited.Code == 0 && !sidecar.Process.HasExited)
        {
            return sidecar;
        }

        var log = sidecar.Process.Error;
        await sidecar.DisposeAsync();
        throw new InvalidOperationException($"the sidecar did not come up: {waited}\n{log}\n{options.Config}");
    }

    public static Task<Sidecar> StartAsync(string config) => StartAsync(new SidecarOptions { Config = config });

    /// <summary>Starts without waiting.</summary>
    public static Sidecar Launch(SidecarOptions options)
    {
        var directory = options.Directory ?? new TempDirectory();
        var file = options.ConfigPath ?? directory.Write(options.FileName, options.Config);
        var admin = options.Admin ?? "unix:" + directory["admin.sock"];
        List<string> arguments = ["run", "-c", file, "--admin", admin, .. options.Arguments];

        // The whole suite can run over the other network, too: PILLION_TEST_NETWORK=portable.
        if (Environment.GetEnvironmentVariable("PILLION_TEST_NETWORK") is { Length: > 0 } network && !options.Arguments.Contains("--network"))
        {
            arguments.AddRange(["--network", network]);
        }

        if (options.Application.Length > 0)
        {
            arguments.AddRange(["--", .. options.Application]);
        }

        var environment = new Dictionary<string, string>(options.Environment);
        environment.TryAdd("PILLION_ADMIN_TOKEN_FILE", directory["token"]);
        var process = options.Shell is { } shell
            ? Running.Start("/bin/sh", ["-c", $"{shell} \"$@\"", "sh", Peers.Pillion, .. arguments], directory.Path, environment)
            : Running.Start(Peers.Pillion, arguments, directory.Path, environment);
        return new Sidecar(directory, process, admin, file);
    }

    public string Token => File.ReadAllText(Directory["token"]).Trim();

    public async Task<string> GetAsync(string path) => await AdminClient.GetStringAsync(path);

    public async Task<HttpResponseMessage> PostAsync(string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", Token);
        return await AdminClient.SendAsync(request);
    }

    public async Task<JsonDocument> JsonAsync(string path) => JsonDocument.Parse(await GetAsync(path));

    /// <summary>The value of a metric, summed over its series; zero where it was never used.</summary>
    public async Task<double> MetricAsync(string name, string label = "") =>
        (await GetAsync("/metrics")).Split('\n')
            .Where(line => (line.StartsWith(name + "{", StringComparison.Ordinal) || line.StartsWith(name + " ", StringComparison.Ordinal)) && line.Contains(label, StringComparison.Ordinal))
            .Sum(line => double.Parse(line[(line.LastIndexOf(' ') + 1)..], System.Globalization.CultureInfo.InvariantCulture));

    /// <summary>How many configurations were taken and refused so far.</summary>
    public async Task<(int Taken, int Refused)> ReloadsAsync()
    {
        using var json = await JsonAsync("/config");
        return (json.RootElement.GetProperty("taken").GetInt32(), json.RootElement.GetProperty("refused").GetInt32());
    }

    /// <summary>Puts another configuration in place of the file and waits until it runs.</summary>
    public async Task ReloadAsync(string config)
    {
        var (before, refused) = await ReloadsAsync();
        Directory.Replace(Path.GetFileName(ConfigFile), config);
        Process.Signal(Signals.Hangup);
        await Eventually.IsTrue(
            async () => await ReloadsAsync() is var (taken, refusedNow) && (refusedNow > refused ? throw new InvalidOperationException(Log) : taken > before),
            "a reload");
    }

    /// <summary>SIGTERM, and what it ended with.</summary>
    public async Task<Result> StopAsync()
    {
        Process.Signal(Signals.Terminate);
        return await Process.EndAsync();
    }

    public async ValueTask DisposeAsync()
    {
        _admin?.Dispose();
        await Process.DisposeAsync();
        Directory.Dispose();
    }
}
