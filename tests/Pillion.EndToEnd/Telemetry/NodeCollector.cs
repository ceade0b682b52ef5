using System.Text.Json;
using Pillion.EndToEnd.Support;
using Xunit;

namespace Pillion.EndToEnd.Telemetry;

/// <summary>A collector of packages that are not ours (js/collector.js), and what it has decoded.</summary>
internal sealed class NodeCollector : IAsyncDisposable
{
    private readonly Running _process;

    private NodeCollector(Running process, int grpc, int http)
    {
        _process = process;
        Grpc = grpc;
        Http = http;
    }

    public int Grpc { get; }

    public int Http { get; }

    /// <summary>Batches so far, whole lines only.</summary>
    public IReadOnlyList<JsonElement> Batches =>
        [.. _process.Out[..(_process.Out.LastIndexOf('\n') + 1)].Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement).Where(one => one.ValueKind == JsonValueKind.Object)];

    public static async Task<NodeCollector> StartAsync()
    {
        var node = Peers.Need("node");
        var modules = Path.Combine(Peers.RepositoryRoot, "out", "otlp-js", "node_modules");
        Assert.SkipUnless(Directory.Exists(modules), "@opentelemetry/otlp-transformer is not installed; ./test.sh installs it where there is npm");
        var (grpc, http) = (Ports.Next(), Ports.Next());
        var process = Running.Start(
            node,
            [Path.Combine(Peers.RepositoryRoot, "tests", "Pillion.EndToEnd", "Telemetry", "js", "collector.js"), $"{grpc}", $"{http}"],
            environment: new Dictionary<string, string> { ["NODE_PATH"] = modules });
        await Eventually.IsTrue(() => process.HasExited || process.Out.Contains("ready", StringComparison.Ordinal), "the collector listens");
        Assert.False(process.HasExited, process.Error);
        return new NodeCollector(process, grpc, http);
    }

    /// <summary>The items of a signal, whatever lies around them.</summary>
    public IReadOnlyList<JsonElement> Items(string signal) => [.. Batches.Where(batch => batch.GetProperty("signal").GetString() == signal).SelectMany(batch => Items(batch.GetProperty("message"), 3))];

    /// <summary>An attribute as text; null where there is none.</summary>
    public static string? Attribute(JsonElement item, string name)
    {
        foreach (var attribute in item.GetProperty("attributes").EnumerateArray())
        {
            if (attribute.GetProperty("key").GetString() == name)
            {
                return attribute.GetProperty("value").EnumerateObject().Single().Value.ToString();
            }
        }

        return null;
    }

    public ValueTask DisposeAsync() => _process.DisposeAsync();

    // Export { resourceX: [ { scopeX: [ { items } ] } ] }: the lists, three deep.
    private static IEnumerable<JsonElement> Items(JsonElement element, int depth) =>
        depth == 0 ? [element] : element.EnumerateObject().Where(member => member.Value.ValueKind == JsonValueKind.Array).SelectMany(member => member.Value.EnumerateArray()).SelectMany(item => Items(item, depth - 1));
}
