using System.Net.Sockets;
using Pillion.EndToEnd.Support;
using Xunit;

namespace Pillion.EndToEnd.Configuration;

/// <summary>The sidecar of the pattern: its Envoy file, and Pillion's own file for the same.</summary>
public sealed class EnvoyPatternTests
{
    private const int PatternsPort = 15001;
    private const int PatternsApp = 8080;

    [Theory]
    [InlineData("envoy-pattern.yaml")]
    [InlineData("envoy-pattern-in-pillion.yaml")]
    public async Task The_patterns_file_serves_and_retries_as_it_stands(string sample)
    {
        SkipWhereTaken(PatternsPort);
        SkipWhereTaken(PatternsApp);
        var file = Path.Combine(Peers.RepositoryRoot, "samples", sample);
        await ServesAndRetries(new SidecarOptions { ConfigPath = file }, PatternsPort, PatternsApp);
    }

    [Theory]
    [InlineData("envoy-pattern.yaml")]
    [InlineData("envoy-pattern-in-pillion.yaml")]
    public async Task The_patterns_file_serves_and_retries_on_other_ports(string sample)
    {
        var (port, app) = (Ports.Next(), Ports.Next());
        var text = await File.ReadAllTextAsync(Path.Combine(Peers.RepositoryRoot, "samples", sample));
        await ServesAndRetries(new SidecarOptions { Config = text.Replace($"{PatternsPort}", $"{port}").Replace($"{PatternsApp}", $"{app}") }, port, app);
    }

    [Fact]
    public async Task The_same_bootstrap_as_JSON_runs()
    {
        await using var app = TestApp.Start("json");
        var port = Ports.Next();
        await using var sidecar = await Sidecar.StartAsync(new SidecarOptions
        {
            FileName = "envoy.json",
            Config = """
                {"static_resources": {
                  "listeners": [{"name": "ingress", "address": {"socket_address": {"address": "127.0.0.1", "port_value": LISTENER_PORT}},
                    "filter_chains": [{"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": {
                      "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
                      "stat_prefix": "ingress_http",
                      "route_config": {"virtual_hosts": [{"name": "backend", "domains": ["*"], "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "local_app"}}]}]},
                      "http_filters": [{"name": "envoy.filters.http.router", "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"}}]
                    }}]}]}],
                  "clusters": [{"name": "local_app", "type": "STATIC", "connect_timeout": "0.25s", "load_assignment": {"cluster_name": "local_app",
                    "endpoints": [{"lb_endpoints": [{"endpoint": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": APP_PORT}}}}]}]}}]
                }}
                """.Replace("LISTENER_PORT", $"{port}").Replace("APP_PORT", $"{app.Port}"),
        });

        using var client = Http.Client(port);
        Assert.Equal("json GET /a", await client.GetStringAsync("/a"));
    }

    private static async Task ServesAndRetries(SidecarOptions options, int port, int appPort)
    {
        await using var app = TestApp.Start("backend", appPort);
        var failures = 3;
        app.Handler = async request =>
        {
            if (request.Path == "/flaky" && Interlocked.Decrement(ref failures) >= 0)
            {
                await request.AnswerAsync("not yet", 503);
                return true;
            }

            return false;
        };
        await using var sidecar = await Sidecar.StartAsync(options);

        var url = $"http://127.0.0.1:{port}";
        Assert.Equal((200, "backend GET /orders/1?x=y"), await Curl.GetAsync($"{url}/orders/1?x=y"));

        // num_retries: 3, the first try not counted.
        Assert.Equal((200, "backend GET /flaky"), await Curl.GetAsync($"{url}/flaky"));
        Assert.Equal(1 + 4, app.Requests);

        Assert.Equal((500, "status 500"), await Curl.GetAsync($"{url}/status/500"));
        Assert.Equal(1 + 4 + 4, app.Requests);

        // retry_on: 5xx, for a POST as well.
        Assert.Equal((500, "status 500"), await Curl.GetAsync("-d", "a body", $"{url}/status/500"));
        Assert.Equal(1 + 4 + 4 + 4, app.Requests);

        await app.DisposeAsync();
        var (status, body) = await Curl.GetAsync($"{url}/gone");
        Assert.Equal(503, status);
        Assert.Contains("refused", body);
    }

    private static void SkipWhereTaken(int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

        // SO_REUSEADDR alone: .NET's own ReuseAddress also sets SO_REUSEPORT, and would share the port with a sidecar that runs here.
        socket.SetRawSocketOption(1, 2, [1, 0, 0, 0]);
        try
        {
            socket.Bind(new System.Net.IPEndPoint(System.Net.IPAddress.Any, port));
        }
        catch (SocketException)
        {
            Assert.Skip($"port {port}, which the pattern's file names, is taken on this machine; the same file runs on other ports in the test beside this");
        }
    }
}
