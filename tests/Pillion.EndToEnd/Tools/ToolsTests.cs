using System.Text.Json;
using Pillion.EndToEnd.Support;
using Xunit;

namespace Pillion.EndToEnd.Tools;

/// <summary>The tools by which a person understands a sidecar, as commands beside a running one.</summary>
public sealed class ToolsTests(Neighbourhood here) : IClassFixture<Neighbourhood>
{
    private string Nobody => $"http://127.0.0.1:{here.Outbound}/proxy/nobody/thing";

    [Fact]
    public async Task Explain_takes_the_beginning_of_an_id_the_trace_the_last_error_and_a_route()
    {
        var id = $"tools-{Guid.NewGuid():n}";
        var trace = Guid.NewGuid().ToString("n");
        Assert.Equal(503, (await Curl.GetAsync("-H", $"X-Request-Id: {id}", "-H", $"traceparent: 00-{trace}-00f067aa0ba902b7-01", Nobody)).Status);
        foreach (var asked in new[] { id, id[..20], trace, trace[..12] })
        {
            var told = await AskAsync("explain", asked);
            Assert.True(told.Code == 0, told.ToString());
            Assert.Contains($"id           {id}\n", told.Out);
            Assert.Contains("What you can do: ", told.Out);
            Assert.DoesNotContain("\u001b", told.Out);
        }

        var last = await AskAsync("explain", "--last-error");
        Assert.True(last.Code == 0, last.ToString());
        Assert.Contains("503, made by Pillion", last.Out);

        var route = await AskAsync("explain", "--route", "nobody");
        Assert.True(route.Code == 0, route.ToString());
        Assert.StartsWith("route nobody (", route.Out);

        var unknown = await AskAsync("explain", "--route", "nobdy");
        Assert.Equal(1, unknown.Code);
        Assert.Contains("no request of route 'nobdy' is remembered", unknown.Error);
    }

    [Fact]
    public async Task Where_the_sidecar_is_can_be_read_from_its_configuration()
    {
        using var directory = new TempDirectory();
        var socket = directory["admin.sock"];
        var config = $"admin: \"unix:{socket}\"\ninbound: {{ address: \"127.0.0.1:{Ports.Next()}\", routes: [ {{ prefix: /, respond: 200 }} ] }}\noutbound: off\n";
        await using var sidecar = await Sidecar.StartAsync(new SidecarOptions { Config = config, Admin = "unix:" + socket });
        var told = await Running.ToEndAsync(Peers.Pillion, ["explain", "--last-error", "-c", sidecar.ConfigFile]);
        Assert.Equal(1, told.Code);
        Assert.Contains("no request has failed since the start", told.Error);
        await sidecar.StopAsync();
        var gone = await Running.ToEndAsync(Peers.Pillion, ["top", "--once", "-c", sidecar.ConfigFile]);
        Assert.Equal(1, gone.Code);
        Assert.Contains("cannot be asked: ", gone.Error);
    }

    [Theory]
    [InlineData("", "nobody")]
    [InlineData("--clusters", "payments")]
    [InlineData("--peers", "127.0.0.1")]
    public async Task Top_counts_what_happens_while_it_looks(string by, string row)
    {
        await using var top = Running.Start(Peers.Pillion, [.. new[] { "top", "--json", "--interval", "200ms", by, "--admin", here.Sidecar.Admin }.Where(word => word.Length > 0)]);
        await Eventually.IsTrue(() => top.Out.Contains("\"rows\""), "the first interval");
        await Eventually.IsTrue(
            async () =>
            {
                await Curl.GetAsync(Nobody);
                await Curl.GetAsync($"http://127.0.0.1:{here.Outbound}/proxy/payments/x");
                return Rows(top.Out).Any(found => found.GetProperty("name").GetString() == row && found.GetProperty("requests").GetInt64() > 0);
            },
            $"a row of {row}");

        var table = await AskAsync("top", "--once", "--interval", "100ms");
        Assert.True(table.Code == 0, table.ToString());
        Assert.StartsWith("routes  ", table.Out);
    }

    [Fact]
    public async Task A_tap_shows_what_its_filter_lets_through_and_ends_after_its_limit()
    {
        var id = $"tap-{Guid.NewGuid():n}";
        await using var tap = Running.Start(Peers.Pillion, ["tap", "--route", "payments", "--path", $"/proxy/payments/{id}", "--limit", "2", "--json", "--admin", here.Sidecar.Admin]);
        await Eventually.IsTrue(
            async () =>
            {
                await Curl.GetAsync(Nobody);
                await Curl.GetAsync($"http://127.0.0.1:{here.Outbound}/proxy/payments/{id}?token=s3cret&page=1");
                return tap.HasExited;
            },
            "the tap to end by itself");
        var result = await tap.EndAsync();
        Assert.True(result.Code == 0, result.ToString());
        var lines = result.Out.TrimEnd().Split('\n');
        Assert.Equal(2, lines.Length);
        Assert.All(lines, line => Assert.Equal($"/proxy/payments/{id}?token=[redacted]&page=1", JsonDocument.Parse(line).RootElement.GetProperty("target").GetString()));
    }

    [Fact]
    public async Task Headers_need_the_token_that_only_the_sidecars_user_can_read()
    {
        var refused = await AskAsync("tap", "--show-headers", "--limit", "1");
        Assert.Equal(1, refused.Code);
        Assert.Contains("headers are for who holds the token", refused.Error);

        var tenant = $"t{Guid.NewGuid():n}";
        await using var tap = Running.Start(
            Peers.Pillion, ["tap", "--header", $"x-tenant={tenant}", "--show-headers", "--limit", "1", "--admin", here.Sidecar.Admin],
            environment: new Dictionary<string, string> { ["PILLION_ADMIN_TOKEN_FILE"] = here.Sidecar.Directory["token"] });
        await Eventually.IsTrue(
            async () =>
            {
                await Curl.GetAsync("-H", $"X-Tenant: {tenant}", "-H", "Authorization: Bearer s3cret", "-H", "Cookie: a=s3cret", $"http://127.0.0.1:{here.Inbound}/x");
                return tap.HasExited;
            },
            "the tap to end by itself");
        Assert.Contains($"X-Tenant: {tenant}\n", tap.Out);
        Assert.Contains("Authorization: [redacted]\n", tap.Out);
        Assert.DoesNotContain("s3cret", tap.Out);
    }

    [Fact]
    public async Task A_tap_whose_client_has_gone_gives_its_place_back()
    {
        for (var i = 0; i < 12; i++)
        {
            await using var tap = Running.Start(Peers.Pillion, ["tap", "--path", "/never", "--admin", here.Sidecar.Admin]);
            await Task.Delay(150, TestContext.Current.CancellationToken);
            Assert.False(tap.HasExited, tap.Error);
        }

        await Eventually.IsTrue(async () => (await AskAsync("top", "--once", "--interval", "100ms")).Code == 0, "a place to be free");
    }

    [Fact]
    public async Task A_sidecar_that_stops_ends_its_taps()
    {
        await using var sidecar = await Sidecar.StartAsync($"inbound: {{ address: \"127.0.0.1:{Ports.Next()}\", routes: [ {{ prefix: /, respond: 200 }} ] }}\noutbound: off\n");
        await using var tap = Running.Start(Peers.Pillion, ["tap", "--admin", sidecar.Admin]);
        await Task.Delay(1000, TestContext.Current.CancellationToken);
        Assert.False(tap.HasExited, tap.Error);
        Assert.Equal(0, (await sidecar.StopAsync()).Code);
        var ended = await tap.EndAsync();
        Assert.Equal(1, ended.Code);
        Assert.Contains("the sidecar has ended the tap", ended.Error);
    }

    [Fact]
    public async Task A_tap_is_refused_where_other_machines_reach_the_port_unless_allowed()
    {
        Assert.Contains("403", await StatusAsync(""));
        Assert.Contains("200", await StatusAsync("admin: { tap: everywhere }\n"));

        static async Task<string> StatusAsync(string setting)
        {
            var port = Ports.Next();
            var config = $"{setting}inbound: {{ address: \"127.0.0.1:{Ports.Next()}\", routes: [ {{ prefix: /, respond: 200 }} ] }}\noutbound: off\n";
            await using var sidecar = await Sidecar.StartAsync(new SidecarOptions { Config = config, Admin = $"0.0.0.0:{port}" });
            return (await Curl.RunAsync("--max-time", "2", "-s", "-o", "/dev/null", "-w", "%{http_code}", $"http://127.0.0.1:{port}/tap")).Out;
        }
    }

    [Fact]
    public async Task What_the_sidecar_logged_its_own_configuration_decides_likewise()
    {
        await using var app = TestApp.Start();
        using var directory = new TempDirectory();
        var log = directory["access.json"];
        var (inbound, outbound) = (Ports.Next(), Ports.Next());
        await using var sidecar = await Sidecar.StartAsync($$"""
            app: 127.0.0.1:{{app.Port}}
            inbound: { address: "127.0.0.1:{{inbound}}", access_log: "{{log}}" }
            outbound:
              address: 127.0.0.1:{{outbound}}
              access_log: "{{log}}"
              services:
                other: { endpoints: ["127.0.0.1:{{app.Port}}"], routes: [ { path: /gone, respond: 410 }, { prefix: /old, redirect: { path: /new } } ] }
            """);
        foreach (var path in new[] { "/proxy/other/x", "/proxy/other/gone", "/proxy/other/old/1", "/proxy/other/" })
        {
            await Curl.GetAsync($"http://127.0.0.1:{outbound}{path}");
        }

        await Curl.GetAsync($"http://127.0.0.1:{inbound}/y");
        await sidecar.StopAsync();
        var same = await Running.ToEndAsync(Peers.Pillion, ["rehearse", sidecar.ConfigFile, "--log", log]);
        Assert.True(same.Code == 0, same.ToString());
        Assert.Contains("5 requests in 5 lines, 5 judged", same.Out);

        var now = directory.Write("new.yaml", (await File.ReadAllTextAsync(sidecar.ConfigFile, TestContext.Current.CancellationToken)).Replace("respond: 410", "respond: 404"));
        var other = await Running.ToEndAsync(Peers.Pillion, ["rehearse", now, "--log", log]);
        Assert.Equal(1, other.Code);
        Assert.Contains("1 would be decided differently:", other.Out);
        var difference = await Running.ToEndAsync(Peers.Pillion, ["diff", sidecar.ConfigFile, now]);
        Assert.Equal(1, difference.Code);
        Assert.Contains("respond: 410 -> 404", difference.Out);
    }

    private static IEnumerable<JsonElement> Rows(string lines) =>
        lines.Split('\n').Where(line => line.EndsWith('}')).SelectMany(line => JsonDocument.Parse(line).RootElement.GetProperty("rows").EnumerateArray().ToList());

    private Task<Result> AskAsync(params string[] arguments) => Running.ToEndAsync(Peers.Pillion, [.. arguments, "--admin", here.Sidecar.Admin]);
}
