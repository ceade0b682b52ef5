using System.Text;
using Pillion.EndToEnd.Support;
using Xunit;

namespace Pillion.EndToEnd.Capture;

/// <summary>An unchanged curl in one pod and an unchanged server in another, a captured connection and mutual TLS between them.</summary>
public sealed class MutualTlsTests : IAsyncLifetime
{
    private const string Secret = "what-nobody-on-the-wire-may-read";

    private readonly TempDirectory _directory = new();
    private readonly List<Running> _running = [];
    private Pods _pods = null!;
    private Running _server = null!;

    private Pod A => _pods.A;

    private Pod B => _pods.B;

    public async ValueTask InitializeAsync()
    {
        _pods = await Pods.CreateAsync();
        Peers.Need("curl");
        Directory.CreateDirectory(_directory["www"]);
        _directory.Write("www/hello", Secret);
        var made = await Running.ToEndAsync(Peers.Pillion, ["certs", "init", _directory["certs"], "orders", "web"]);
        Assert.True(made.Code == 0, made.ToString());
        _server = B.Start(Peers.Need("python3"), ["-um", "http.server", "8080", "--bind", "::", "--directory", _directory["www"]]);
        _running.Add(_server);
        await Eventually.IsTrue(() => _server.Out.Contains("Serving HTTP") || _server.HasExited, "the server to listen");
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var running in _running)
        {
            await running.DisposeAsync();
        }

        if (_pods is not null)
        {
            await _pods.DisposeAsync();
        }

        _directory.Dispose();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_unchanged_curl_reaches_an_unchanged_server_over_mutual_tls_and_the_wire_shows_nothing_else(bool isV6)
    {
        await StartOrdersAsync();
        await StartWebAsync(isV6);
        await using var wire = await Wire.TapAsync(B);
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(Secret, await CurlAsync($"http://{B.EndPoint(isV6, 8080)}/hello"));
        }

        var streams = await wire.StopAsync(8080);
        Assert.NotEmpty(streams);
        Assert.All(streams, stream => Assert.True(Wire.IsTlsOnly(stream), Convert.ToHexString(stream[..Math.Min(64, stream.Length)])));
        Assert.DoesNotContain(streams, stream => Text(stream).Contains(Secret) || Text(stream).Contains("/hello"));
        Assert.Equal(3, _server.Error.Split("GET /hello").Length - 1);

        // Nothing loops: each of curl's connections was redirected once, and what the sidecars opened themselves never.
        Assert.Equal(3, await CountAsync(A, "outbound"));
        Assert.InRange(await CountAsync(A, "own"), 1, 3);
        Assert.Equal(await CountAsync(A, "own"), await CountAsync(B, "inbound"));
    }

    [Fact]
    public async Task Without_a_sidecar_of_its_own_a_caller_is_refused_and_the_server_hears_nothing()
    {
        await StartOrdersAsync();
        var result = await A.RunAsync(Peers.Need("curl"), ["-sS", "--max-time", "10", $"http://{B.EndPoint(false, 8080)}/hello"]);
        Assert.NotEqual(0, result.Code);
        Assert.DoesNotContain("GET", _server.Error);
    }

    [Fact]
    public async Task When_the_sidecars_stop_connections_are_direct_again()
    {
        var orders = await StartOrdersAsync();
        var web = await StartWebAsync();
        Assert.Equal(Secret, await CurlAsync($"http://{B.EndPoint(false, 8080)}/hello"));
        foreach (var (sidecar, pod) in ((Running, Pod)[])[(web, A), (orders, B)])
        {
            sidecar.Signal(Signals.Terminate);
            var ended = await sidecar.EndAsync();
            Assert.True(ended.Code == 0, ended.ToString());
            Assert.Equal("capture is not installed\n", (await pod.CaptureAsync("show")).Out);
        }

        await using var wire = await Wire.TapAsync(B);
        Assert.Equal(Secret, await CurlAsync($"http://{B.EndPoint(false, 8080)}/hello"));
        var streams = await wire.StopAsync(8080);
        Assert.Contains(streams, stream => Text(stream).StartsWith("GET /hello", StringComparison.Ordinal) && !Wire.IsTlsOnly(stream));
        Assert.Contains(streams, stream => Text(stream).Contains(Secret));
    }

    [Fact]
    public async Task A_killed_sidecar_leaves_nothing_open_and_the_next_one_takes_over()
    {
        await StartOrdersAsync();
        var web = await StartWebAsync();
        Assert.Equal(Secret, await CurlAsync($"http://{B.EndPoint(false, 8080)}/hello"));
        web.Signal(Signals.Kill);
        await web.EndAsync();
        await using (var wire = await Wire.TapAsync(B))
        {
            Assert.NotEqual(0, (await A.RunAsync(Peers.Need("curl"), ["-sS", "--max-time", "10", $"http://{B.EndPoint(false, 8080)}/hello"])).Code);
            Assert.Empty(await wire.StopAsync(8080));
        }

        await StartWebAsync();
        Assert.Equal(Secret, await CurlAsync($"http://{B.EndPoint(false, 8080)}/hello"));
    }

    [Fact]
    public async Task An_application_that_is_started_by_the_sidecar_is_captured_though_both_are_one_user()
    {
        await StartOrdersAsync();
        WriteWeb(isV6: false);
        await using var wire = await Wire.TapAsync(B);
        var result = await A.RunAsync(
            Peers.Pillion,
            ["run", "-c", _directory["web.yaml"], "--capture", "--", Peers.Need("curl"), "-sS", "--max-time", "20", $"http://{B.EndPoint(false, 8080)}/hello"]);
        Assert.True(result.Code == 0, result.ToString());
        Assert.Contains(Secret, result.Out);
        var streams = await wire.StopAsync(8080);
        Assert.NotEmpty(streams);
        Assert.All(streams, stream => Assert.True(Wire.IsTlsOnly(stream)));
        Assert.Equal("capture is not installed\n", (await A.CaptureAsync("show")).Out);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_no_service_covers_goes_on_to_where_it_wanted_to_go_also_where_the_server_speaks_first(bool isV6)
    {
        await StartWebAsync();
        _running.Add(await B.ServeAsync(3306, 8081));
        for (var i = 0; i < 2; i++)
        {
            Assert.Equal("3306", (await A.AskAsync(B.Address(isV6), 3306)).Port);
        }

        Assert.Equal("8081", (await A.AskAsync(B.Address(isV6), 8081)).Port);
        Assert.Equal("ConnectionRefusedError", (await A.AskAsync(A.Address(isV6), 9)).Port);
        Assert.Equal(3, await CountAsync(A, "outbound"));
        Assert.Equal(3, await CountAsync(A, "own"));
    }

    [Fact]
    public async Task A_sidecar_without_rights_is_known_by_its_user_and_the_rules_come_from_elsewhere()
    {
        await StartOrdersAsync();
        WriteWeb(isV6: false);
        await A.InstallAsync("-c", _directory["web.yaml"], "--uid", "1337");
        await LetReadAsync(1337);
        var web = A.Start(Peers.Pillion, ["run", "-c", _directory["web.yaml"], "--admin", "127.0.0.1:15000"], uid: 1337, environment: new Dictionary<string, string>
        {
            ["PILLION_ADMIN_TOKEN_FILE"] = _directory["open/token"],
        });
        _running.Add(web);
        await UpAsync(web);
        Assert.Equal(Secret, await CurlAsync($"http://{B.EndPoint(false, 8080)}/hello"));
        Assert.Equal((1, 1), (await CountAsync(A, "outbound"), await CountAsync(A, "own")));
    }

    // Another user has to reach the file and the keys that it names.
    private async Task LetReadAsync(int uid)
    {
        Directory.CreateDirectory(_directory["open"]);
        var given = await Running.ToEndAsync("/bin/chown", ["-R", $"{uid}", _directory.Path]);
        Assert.True(given.Code == 0, given.ToString());
        var runs = await A.RunAsync(Peers.Pillion, ["version"], uid);
        Assert.SkipWhen(runs.Code != 0, "the binary lies where other users cannot reach it");
    }

    private async Task<Running> StartOrdersAsync() => await RunAsync(B, "orders", $$"""
        workload: orders
        identity: {{_directory["certs"]}}/orders
        app: 127.0.0.1:8080
        inbound: { mtls: strict }
        outbound: off
        capture: { inbound_ports: 8080, outbound_port: 0 }
        """);

    private Task<Running> StartWebAsync(bool isV6 = false) => RunAsync(A, "web", Web(isV6));

    private void WriteWeb(bool isV6) => _directory.Write("web.yaml", Web(isV6));

    private string Web(bool isV6) => $$"""
        workload: web
        identity: {{_directory["certs"]}}/web
        inbound: off
        outbound:
          services:
            orders:
              endpoints: ["{{B.EndPoint(isV6, 8080)}}"]
              hosts: ["{{(isV6 ? $"[{B.Address6}]" : B.Address4)}}"]
              identity: spiffe://example.org/ns/default/sa/orders
        capture: {}
        """;

    private async Task<Running> RunAsync(Pod pod, string name, string config)
    {
        var file = _directory.Write(name + ".yaml", config);
        var running = pod.Start(Peers.Pillion, ["run", "-c", file, "--capture"], environment: new Dictionary<string, string> { ["PILLION_ADMIN_TOKEN_FILE"] = _directory[name + ".token"] });
        _running.Add(running);
        await UpAsync(running);
        return running;
    }

    private static async Task UpAsync(Running sidecar)
    {
        await Eventually.IsTrue(() => sidecar.Error.Contains(" up ") || sidecar.HasExited, "the sidecar to be up");
        Assert.False(sidecar.HasExited, sidecar.Error);
    }

    private async Task<string> CurlAsync(string url)
    {
        var result = await A.RunAsync(Peers.Need("curl"), ["-gsS", "--max-time", "20", url]);
        Assert.True(result.Code == 0, $"{result}\n{string.Join('\n', _running.Select(running => running.Error))}");
        return result.Out;
    }

    private static async Task<int> CountAsync(Pod pod, string direction)
    {
        var shown = (await pod.CaptureAsync("show")).Out;
        var line = shown.Split('\n').First(line => line.StartsWith($"  {direction} ", StringComparison.Ordinal));
        return int.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], System.Globalization.CultureInfo.InvariantCulture);
    }

    private static string Text(byte[] bytes) => Encoding.Latin1.GetString(bytes);
}
