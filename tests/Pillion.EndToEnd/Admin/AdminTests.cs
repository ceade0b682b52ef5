using System.Net;
using System.Net.Http;
using System.Text.Json;
using Pillion.EndToEnd.Support;
using Xunit;

namespace Pillion.EndToEnd.Admin;

/// <summary>The admin port over a Unix socket and over TCP, as tools and people use it.</summary>
public sealed class AdminTests(Neighbourhood here) : IClassFixture<Neighbourhood>
{
    [Theory]
    [InlineData("/ready", "ready")]
    [InlineData("/started", "started")]
    [InlineData("/live", "live")]
    [InlineData("/clusters", "payments::")]
    [InlineData("/listeners", "inbound::127.0.0.1:")]
    [InlineData("/logging", "default: info")]
    [InlineData("/stats", "cluster.")]
    [InlineData("/requests", "\"id\"")]
    [InlineData("/config", "\"services\"")]
    [InlineData("/metrics?names=envoy", "envoy_")]
    public async Task Every_page_answers(string path, string expected)
    {
        await Curl.GetAsync($"http://127.0.0.1:{here.Inbound}/seen");
        await Curl.GetAsync("-H", "Host: payments", $"http://127.0.0.1:{here.Outbound}/seen");
        Assert.Contains(expected, await here.Sidecar.GetAsync(path));
    }

    [Theory]
    [InlineData("/clusters?format=json")]
    [InlineData("/listeners?format=json")]
    [InlineData("/ready?format=json")]
    [InlineData("/stats?format=json")]
    [InlineData("/requests?count=3&failures")]
    [InlineData("/config")]
    public async Task What_is_JSON_parses(string path) => (await here.Sidecar.JsonAsync(path)).Dispose();

    [Theory]
    [InlineData("/metrics")]
    [InlineData("/metrics?all")]
    [InlineData("/metrics?names=envoy")]
    public async Task Promtool_accepts_the_metrics(string path)
    {
        var promtool = Peers.Need("promtool");
        await Curl.GetAsync($"http://127.0.0.1:{here.Inbound}/seen");
        await Curl.GetAsync("-H", "Host: nobody", $"http://127.0.0.1:{here.Outbound}/seen");
        using var directory = new TempDirectory();
        directory.Write("metrics", await here.Sidecar.GetAsync(path));
        var result = await Running.ToEndAsync("/bin/sh", ["-c", $"'{promtool}' check metrics < '{directory["metrics"]}'"]);

        // Envoy's own names do not keep all of Prometheus's naming rules, which promtool reports with another exit code than a mistake of form.
        Assert.True(result.Code == 0 || (path.Contains("envoy") && result.Code == 3), result.ToString());
    }

    [Fact]
    public async Task A_metric_appears_with_its_first_use_and_counts_are_right()
    {
        Assert.Equal(0, await here.Sidecar.MetricAsync("pillion_http_downstream_rq_total", "no-such-listener"));
        var before = await here.Sidecar.MetricAsync("pillion_cluster_upstream_rq_total", "\"cache\"");
        for (var i = 0; i < 7; i++)
        {
            await Curl.GetAsync($"http://127.0.0.1:{here.Outbound}/proxy/cache/x");
        }

        Assert.Equal(before + 7, await here.Sidecar.MetricAsync("pillion_cluster_upstream_rq_total", "\"cache\""));
    }

    [Fact]
    public async Task What_changes_state_is_POST_with_the_token_of_a_private_file()
    {
        await using var sidecar = await Sidecar.StartAsync(Config());
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(sidecar.Directory["token"]));
        foreach (var path in new[] { "/quit", "/drain", "/logging?level=debug" })
        {
            var asked = await sidecar.AdminClient.GetAsync(path);
            Assert.True(path.StartsWith("/logging") ? asked.IsSuccessStatusCode : asked.StatusCode == HttpStatusCode.MethodNotAllowed);
            Assert.Equal(HttpStatusCode.Unauthorized, (await sidecar.AdminClient.PostAsync(path, null)).StatusCode);
            using var wrong = new HttpRequestMessage(HttpMethod.Post, path);
            wrong.Headers.Authorization = new("Bearer", new string('0', 64));
            Assert.Equal(HttpStatusCode.Forbidden, (await sidecar.AdminClient.SendAsync(wrong)).StatusCode);
        }

        Assert.False(sidecar.Process.HasExited);
        Assert.Equal(HttpStatusCode.Accepted, (await sidecar.PostAsync("/quit")).StatusCode);
        Assert.Equal(0, (await sidecar.Process.EndAsync()).Code);
        Assert.Contains("POST /quit", sidecar.Log);
        Assert.False(File.Exists(sidecar.Directory["token"]));
    }

    [Fact]
    public async Task Drain_ends_inbound_while_the_process_and_outbound_live()
    {
        await using var app = TestApp.Start();
        var (inbound, outbound) = (Ports.Next(), Ports.Next());
        await using var sidecar = await Sidecar.StartAsync($$"""
            app: 127.0.0.1:{{app.Port}}
            inbound: { address: "127.0.0.1:{{inbound}}" }
            outbound: { address: "127.0.0.1:{{outbound}}", services: { other: { endpoints: ["127.0.0.1:{{app.Port}}"] } } }
            lifecycle: { lame_duck: 0s }
            """);
        Assert.Equal(HttpStatusCode.Accepted, (await sidecar.PostAsync("/drain")).StatusCode);
        await Eventually.IsTrue(async () => (await Curl.RunAsync($"http://127.0.0.1:{inbound}/")).Code == 7, "inbound to be closed");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await sidecar.AdminClient.GetAsync("/ready")).StatusCode);
        Assert.Equal((200, "app GET /x"), await Curl.GetAsync($"http://127.0.0.1:{outbound}/proxy/other/x"));
        Assert.Equal("live", (await sidecar.GetAsync("/live")).Trim());
        Assert.Equal(0, (await sidecar.StopAsync()).Code);
    }

    [Fact]
    public async Task A_level_changes_at_run_time_without_a_restart()
    {
        await using var sidecar = await Sidecar.StartAsync(new SidecarOptions { Config = Config(), Arguments = ["--log-level", "error"] });
        await sidecar.ReloadAsync(Config());
        Assert.DoesNotContain(" info ", sidecar.Log);
        var answer = await sidecar.PostAsync("/logging?level=info");
        Assert.Contains("default: info", await answer.Content.ReadAsStringAsync());
        await sidecar.ReloadAsync(Config());
        await Eventually.IsTrue(() => sidecar.Log.Contains(" info "), "the reload's message");
        Assert.Equal(HttpStatusCode.BadRequest, (await sidecar.PostAsync("/logging?level=loud")).StatusCode);
    }

    [Fact]
    public async Task Over_TCP_a_name_that_a_strangers_DNS_could_lead_here_is_refused()
    {
        var port = Ports.Next();
        await using var sidecar = await Sidecar.StartAsync(new SidecarOptions { Config = Config(), Admin = $"127.0.0.1:{port}" });
        Assert.Equal(200, (await Curl.GetAsync($"http://127.0.0.1:{port}/ready")).Status);
        Assert.Equal(200, (await Curl.GetAsync("-H", $"Host: localhost:{port}", $"http://127.0.0.1:{port}/ready")).Status);
        Assert.Equal(403, (await Curl.GetAsync("-H", $"Host: evil.example:{port}", $"http://127.0.0.1:{port}/ready")).Status);
        Assert.Equal(403, (await Curl.GetAsync("-H", $"Host: evil.example:{port}", "-H", $"Authorization: Bearer {sidecar.Token}", "-X", "POST", $"http://127.0.0.1:{port}/quit")).Status);
    }

    [Fact]
    public async Task Explain_tells_a_requests_story_by_its_id()
    {
        var url = $"http://127.0.0.1:{here.Outbound}/proxy/nobody/thing";
        var id = $"told-{Guid.NewGuid():n}";
        Assert.Equal(503, (await Curl.GetAsync("-H", $"X-Request-Id: {id}", url)).Status);
        var told = await Running.ToEndAsync(Peers.Pillion, ["explain", id, "--admin", here.Sidecar.Admin]);
        Assert.True(told.Code == 0, told.ToString());
        Assert.Contains("503", told.Out);
        Assert.Contains("nobody", told.Out);
        Assert.Contains("pillion.yaml:", told.Out);
        Assert.Contains("refused", told.Out);

        var json = await Running.ToEndAsync(Peers.Pillion, ["explain", id, "--json", "--admin", here.Sidecar.Admin]);
        using var document = JsonDocument.Parse(json.Out);
        Assert.Equal(id, document.RootElement.GetProperty("id").GetString());

        var unknown = await Running.ToEndAsync(Peers.Pillion, ["explain", "never-seen", "--admin", here.Sidecar.Admin]);
        Assert.Equal(1, unknown.Code);
        Assert.Contains("no such request is remembered", unknown.Error);
    }

    [Fact]
    public async Task The_page_has_no_outside_references_and_a_hostile_path_stays_text()
    {
        using var client = await RawClient.ConnectAsync(here.Inbound);
        await client.SendAsync("GET /<img/src=x/onerror=alert(1)>\" HTTP/1.1\r\nHost: a\r\nUser-Agent: <script>alert(2)</script>\r\n\r\n");
        await client.AnswerAsync();

        using var page = await here.Sidecar.AdminClient.GetAsync("/");
        Assert.Equal("text/html", page.Content.Headers.ContentType!.MediaType);
        Assert.Contains("default-src", string.Join(' ', page.Headers.GetValues("Content-Security-Policy")));
        var whole = await page.Content.ReadAsStringAsync() + await here.Sidecar.GetAsync("/page.js") + await here.Sidecar.GetAsync("/page.css");
        Assert.DoesNotMatch("(https?:)?//[a-z0-9]", System.Text.RegularExpressions.Regex.Replace(whole, "(?m)^\\s*//.*$", ""));
        Assert.DoesNotContain("innerHTML", whole);
        Assert.DoesNotContain("<img/src", whole);

        // What the page shows comes as JSON, never as something a browser would take for markup.
        using var requests = await here.Sidecar.AdminClient.GetAsync("/requests");
        Assert.Equal("application/json", requests.Content.Headers.ContentType!.MediaType);
        Assert.Equal("nosniff", string.Join("", requests.Headers.GetValues("X-Content-Type-Options")));
    }

    [Fact]
    public async Task A_browser_shows_the_page_and_a_hostile_path_as_text()
    {
        var chromium = Peers.Find("chromium") ?? Peers.Find("chromium-browser") ?? Peers.Find("google-chrome");
        Assert.SkipUnless(chromium is not null, "no chromium is installed; it is too large for ./test.sh to fetch, and the page's parts are tested without it");
        var (admin, inbound) = (Ports.Next(), Ports.Next());
        await using var sidecar = await Sidecar.StartAsync(new SidecarOptions { Config = Config(inbound), Admin = $"127.0.0.1:{admin}" });
        using (var client = await RawClient.ConnectAsync(inbound))
        {
            await client.SendAsync("GET /<img/src=x/onerror=alert(1)> HTTP/1.1\r\nHost: a\r\n\r\n");
            await client.AnswerAsync();
        }

        using var profile = new TempDirectory();
        var result = await Running.ToEndAsync(
            chromium!,
            ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", $"--user-data-dir={profile.Path}", "--virtual-time-budget=4000", "--dump-dom", $"http://127.0.0.1:{admin}/"]);
        Assert.True(result.Code == 0, result.ToString());
        Assert.Contains("&lt;img/src=x/onerror=alert(1)&gt;", result.Out);
        Assert.DoesNotContain("<img", result.Out);
        Assert.Contains($"127.0.0.1:{inbound}", result.Out);
    }

    private static string Config(int port = 0) => $$"""
        inbound: { address: "127.0.0.1:{{(port == 0 ? Ports.Next() : port)}}", routes: [ { prefix: /, respond: 200 } ] }
        outbound: off
        """;
}
