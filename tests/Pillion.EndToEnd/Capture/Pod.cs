using System.Text.Json;
using Pillion.EndToEnd.Support;
using Xunit;

namespace Pillion.EndToEnd.Capture;

/// <summary>One network namespace with an address of each family: what a pod is to its containers.</summary>
internal sealed class Pod(string name, string address4, string address6)
{
    public string Name => name;

    public string Address4 => address4;

    public string Address6 => address6;

    public string Address(bool isV6) => isV6 ? address6 : address4;

    /// <summary>As it is written before a port.</summary>
    public string EndPoint(bool isV6, int port) => isV6 ? $"[{address6}]:{port}" : $"{address4}:{port}";

    /// <summary>Starts a program in here, as a user where one is given.</summary>
    public Running Start(string program, IEnumerable<string> arguments, int? uid = null, string? directory = null, IReadOnlyDictionary<string, string>? environment = null) =>
        Running.Start(Peers.Need("ip"), Command(program, arguments, uid), directory, environment);

    public Task<Result> RunAsync(string program, IEnumerable<string> arguments, int? uid = null) =>
        Running.ToEndAsync(Peers.Need("ip"), Command(program, arguments, uid));

    public Task<Result> CaptureAsync(params string[] arguments) => RunAsync(Peers.Pillion, ["capture", .. arguments]);

    public async Task InstallAsync(params string[] arguments)
    {
        var result = await CaptureAsync(["install", .. arguments]);
        Assert.True(result is { Code: 0, Out: "", Error: "" }, result.ToString());
    }

    /// <summary>A server that answers every connection with the port that took it and where the client wanted to go.</summary>
    public async Task<Running> ServeAsync(params int[] ports)
    {
        var server = Start(Peers.Need("python3"), [Script, "serve", .. ports.Select(port => $"{port}")]);
        await Eventually.IsTrue(() => server.Out.Contains("listening") || server.HasExited, "the server to listen");
        Assert.False(server.HasExited, server.Error);
        return server;
    }

    /// <summary>Connects and returns which port answered and where the answer says that the client wanted to go; the error's name in place of the port's number.</summary>
    public async Task<(string Port, string? Original)> AskAsync(string host, int port, int? uid = null, string? mark = null)
    {
        var result = await RunAsync(Peers.Need("python3"), [Script, "ask", host, $"{port}", .. mark is null ? Array.Empty<string>() : [mark]], uid);
        Assert.True(result.Code == 0, result.ToString());
        if (!result.Out.StartsWith('{'))
        {
            return (result.Out, null);
        }

        using var json = JsonDocument.Parse(result.Out);
        return ($"{json.RootElement.GetProperty("port").GetInt32()}", json.RootElement.GetProperty("original").GetString());
    }

    private static string Script => Path.Combine(AppContext.BaseDirectory, "capture_peer.py");

    private List<string> Command(string program, IEnumerable<string> arguments, int? uid) =>
        ["netns", "exec", name, .. uid is null ? Array.Empty<string>() : [Peers.Need("setpriv"), "--reuid", $"{uid}", "--regid", $"{uid}", "--clear-groups"], program, .. arguments];
}
