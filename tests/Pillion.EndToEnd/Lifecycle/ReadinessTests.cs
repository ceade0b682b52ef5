using System.Net;
using Pillion.EndToEnd.Support;
using Xunit;

namespace Pillion.EndToEnd.Lifecycle;

/// <summary><c>pillion wait</c>, and the application's health as a part of readiness.</summary>
public sealed class ReadinessTests
{
    [Fact]
    public async Task Wait_gives_up_after_its_time_and_says_what_it_saw()
    {
        using var directory = new TempDirectory();
        var result = await Running.ToEndAsync(Peers.Pillion, ["wait", "--timeout", "300ms", "--admin", "unix:" + directory["nobody.sock"]]);
        Assert.Equal(1, result.Code);
        Assert.Contains("is not ready after 300ms: there is no such socket", result.Error);
        Assert.Single(result.Error.TrimEnd().Split('\n'));

        var port = Ports.Next();
        result = await Running.ToEndAsync(Peers.Pillion, ["wait", "--timeout", "300ms", "--admin", $"127.0.0.1:{port}"]);
        Assert.Equal(1, result.Code);
        Assert.Contains("connection refused", result.Error);

        Assert.Equal(2, (await Running.ToEndAsync(Peers.Pillion, ["wait", "--timeout", "soon"])).Code);
    }

    [Fact]
    public async Task Wait_that_began_first_returns_once_the_sidecar_is_up()
    {
        using var directory = new TempDirectory();
        await using var wait = Running.Start(Peers.Pillion, ["wait", "--timeout", "20s", "--admin", "unix:" + directory["a.sock"]]);
        await using var sidecar = Sidecar.Launch(new SidecarOptions { Config = $"outbound: {{ address: \"127.0.0.1:{Ports.Next()}\" }}", Admin = "unix:" + directory["a.sock"] });
        var result = await wait.EndAsync();
        Assert.True(result.Code == 0, $"{result}\n{sidecar.Log}");
    }

    [Fact]
    public async Task A_path_of_the_application_is_part_of_readiness()
    {
        await using var app = TestApp.Start();
        var healthy = false;
        app.Handler = async request =>
        {
            await request.AnswerAsync("health", request.Path == "/healthz" && healthy ? 200 : 500);
            return true;
        };
        await using var sidecar = await Sidecar.StartAsync(Config(app.Port, "health: { http: /healthz, interval: 50ms, failures: 2 }"));
        await NotReadyAsync(sidecar, $"GET /healthz at 127.0.0.1:{app.Port} answered 500");

        // wait is for starting the application, so its health does not hold it up, unless that is what is asked for.
        Assert.Equal(0, (await Running.ToEndAsync(Peers.Pillion, ["wait", "--timeout", "5s", "--admin", sidecar.Admin])).Code);
        Assert.Equal(1, (await Running.ToEndAsync(Peers.Pillion, ["wait", "--application", "--timeout", "200ms", "--admin", sidecar.Admin])).Code);
        healthy = true;
        Assert.Equal(0, (await Running.ToEndAsync(Peers.Pillion, ["wait", "--application", "--timeout", "20s", "--admin", sidecar.Admin])).Code);
        healthy = false;
        await NotReadyAsync(sidecar, "answered 500");
        await Eventually.IsTrue(() => sidecar.Log.Contains("failed 2 health probes in a row", StringComparison.Ordinal), "the log to say so");
        await app.DisposeAsync();
        await NotReadyAsync(sidecar, "connection refused");
    }

    [Fact]
    public async Task A_port_of_the_application_is_part_of_readiness()
    {
        var port = Ports.Next();
        await using var sidecar = await Sidecar.StartAsync(Config(port, "health: { tcp: true, interval: 50ms }"));
        await NotReadyAsync(sidecar, "connection refused");
        await using var app = TestApp.Start(port: port);
        await ReadyAsync(sidecar);
    }

    [Fact]
    public async Task A_commands_exit_code_is_part_of_readiness()
    {
        using var directory = new TempDirectory();
        await using var sidecar = await Sidecar.StartAsync(Config(Ports.Next(), $"health: {{ exec: [test, -e, {directory["healthy"]}], interval: 50ms, failures: 1 }}"));
        await NotReadyAsync(sidecar, "'test' ended with");
        directory.Write("healthy", "");
        await ReadyAsync(sidecar);
        File.Delete(directory["healthy"]);
        await NotReadyAsync(sidecar, "'test' ended with");
        sidecar.Directory.Replace("pillion.yaml", Config(Ports.Next(), "health: { exec: [sleep, 600], interval: 50ms, timeout: 100ms, failures: 1 }"));
        sidecar.Process.Signal(Signals.Hangup);
        await NotReadyAsync(sidecar, "no answer within");
        Assert.Equal(0, (await sidecar.StopAsync()).Code);
    }

    private static async Task NotReadyAsync(Sidecar sidecar, string reason) => await Eventually.IsTrue(
        async () =>
        {
            using var answer = await sidecar.AdminClient.GetAsync("/ready");
            return answer.StatusCode == HttpStatusCode.ServiceUnavailable && (await answer.Content.ReadAsStringAsync()).Contains(reason);
        },
        $"/ready to say '{reason}'");

    private static async Task ReadyAsync(Sidecar sidecar) =>
        await Eventually.IsTrue(async () => (await sidecar.AdminClient.GetAsync("/ready")).StatusCode == HttpStatusCode.OK, "/ready to be 200");

    private static string Config(int app, string health) => $$"""
        app: { address: "127.0.0.1:{{app}}", {{health}} }
        inbound: { address: "127.0.0.1:{{Ports.Next()}}" }
        outbound: off
        """;
}
