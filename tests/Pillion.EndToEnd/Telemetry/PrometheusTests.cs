using System.Net.Http;
using System.Text.Json;
using Pillion.EndToEnd.Support;
using Xunit;

namespace Pillion.EndToEnd.Telemetry;

/// <summary>A real Prometheus scrapes us: in OpenMetrics with exemplars, and in protobuf with native histograms.</summary>
public sealed class PrometheusTests
{
    [Fact]
    public async Task It_takes_exemplars_and_the_counts_are_ours()
    {
        await using var scene = await SceneAsync("exemplar-storage");
        await Eventually.IsTrue(async () => (await scene.QueryAsync("sum(pillion_route_requests_total)")).EnumerateArray().Any(series => series.GetProperty("value")[1].GetString() == "20"), "Prometheus has scraped");
        Assert.Equal("20", await scene.ValueAsync("sum(pillion_route_request_duration_seconds_count)"));
        var exemplars = await scene.AskAsync("query_exemplars?query=pillion_route_request_duration_seconds_bucket&start=0&end=99999999999");
        var labels = exemplars.EnumerateArray().SelectMany(series => series.GetProperty("exemplars").EnumerateArray()).Select(exemplar => exemplar.GetProperty("labels")).ToList();
        Assert.NotEmpty(labels);
        Assert.All(labels, one => Assert.Equal(32, one.GetProperty("trace_id").GetString()!.Length));
    }

    [Fact]
    public async Task It_takes_native_histograms_and_their_quantiles_are_near_the_classic_ones()
    {
        await using var scene = await SceneAsync("native-histograms");
        await Eventually.IsTrue(async () => (await scene.QueryAsync("histogram_count(sum(pillion_route_request_duration_seconds))")).EnumerateArray().Any(series => series.GetProperty("value")[1].GetString() == "20"), "Prometheus has scraped");
        var sum = double.Parse(await scene.ValueAsync("histogram_sum(sum(pillion_route_request_duration_seconds))"), System.Globalization.CultureInfo.InvariantCulture);
        var median = double.Parse(await scene.ValueAsync("histogram_quantile(0.5, sum(pillion_route_request_duration_seconds))"), System.Globalization.CultureInfo.InvariantCulture);
        Assert.InRange(median, 1e-6, sum);
        Assert.Equal("1", await scene.ValueAsync("up"));
    }

    private static async Task<Scene> SceneAsync(string feature)
    {
        var prometheus = Peers.Need("prometheus");
        var app = await KestrelApp.StartAsync();
        var (inbound, admin, web) = (Ports.Next(), Ports.Next(), Ports.Next());
        var sidecar = await Sidecar.StartAsync(new SidecarOptions
        {
            Admin = $"127.0.0.1:{admin}",
            Config =
                $$"""
                app: { address: "127.0.0.1:{{app.Plain}}" }
                otlp: { to: nobody, protocol: http, metrics: off }
                tracing: 100%
                inbound: { address: "127.0.0.1:{{inbound}}" }
                outbound: { address: "127.0.0.1:{{Ports.Next()}}", services: { nobody: { endpoints: ["127.0.0.1:{{Ports.Next()}}"] } } }
                """,
        });
        for (var i = 0; i < 20; i++)
        {
            await Curl.GetAsync($"http://127.0.0.1:{inbound}/");
        }

        var directory = new TempDirectory();
        var config = directory.Write("prometheus.yml", $"scrape_configs: [{{ job_name: pillion, scrape_interval: 200ms, scrape_timeout: 200ms, static_configs: [{{ targets: ['127.0.0.1:{admin}'] }}] }}]\n");
        var process = Running.Start(prometheus, [$"--config.file={config}", $"--storage.tsdb.path={directory["data"]}", $"--web.listen-address=127.0.0.1:{web}", $"--enable-feature={feature}"], directory: directory[""]);
        return new Scene(app, sidecar, process, directory, new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{web}/api/v1/") });
    }

    private sealed record Scene(KestrelApp App, Sidecar Sidecar, Running Process, TempDirectory Directory, HttpClient Client) : IAsyncDisposable
    {
        /// <summary>The result of an instant query; empty while nobody listens yet.</summary>
        public async Task<JsonElement> QueryAsync(string query)
        {
            Assert.False(Process.HasExited, Process.Error);
            try
            {
                return (await AskAsync("query?query=" + Uri.EscapeDataString(query))).GetProperty("result");
            }
            catch (HttpRequestException)
            {
                return JsonDocument.Parse("[]").RootElement;
            }
        }

        public async Task<string> ValueAsync(string query) => (await QueryAsync(query)).EnumerateArray().Single().GetProperty("value")[1].GetString()!;

        public async Task<JsonElement> AskAsync(string path) => JsonDocument.Parse(await Client.GetStringAsync(path)).RootElement.GetProperty("data");

        public async ValueTask DisposeAsync()
        {
            await Process.DisposeAsync();
            await Sidecar.DisposeAsync();
            await App.DisposeAsync();
            Client.Dispose();
            Directory.Dispose();
        }
    }
}
