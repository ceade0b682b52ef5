using Microsoft.Extensions.Logging;
using Pillion.Admin;
using Pillion.Application;
using Pillion.Commands;
using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Documents;
using Pillion.Core.Lifecycle;
using Pillion.Core.Signals.Logging;
using Pillion.Net;
using Pillion.Net.Sockets;
using Pillion.Proxy.Clusters.Dns;
using Pillion.Reload;

namespace Pillion.Demo;

/// <summary>
/// The demonstration: two small applications, a real sidecar beside the first on free ports, three requests with a plain client, and everything that
/// Pillion knows about them afterwards.
/// </summary>
internal sealed class DemoRun(Sidecar sidecar, CapturedLog log, CommandIo io)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public static async Task<int> RunAsync(TimeSpan? time, CommandIo io)
    {
        using var orders = new DemoApplication("orders");
        using var payments = new DemoApplication("payments");
        var text = Configuration(orders.Port, payments.Port, ClosedPort());
        var (config, errors) = PillionConfig.Parse(text, "demo.yaml", io.Environment);
        if (config is null)
        {
            return io.Fail(string.Join('\n', errors), ExitCodes.Failure);
        }

        var log = new CapturedLog();
        using var logs = new PillionLogs(new LogLevels(LogLevel.Warning), LogLayout.Text, new LogWriter(Console.OpenStandardError()), TimeProvider.System);
        using var sidecar = new Sidecar(1, Network.ForThisSystem(portable: false), logs, TimeProvider.System, NameResolvers.ForThisMachine(), _ => log);
        return await new DemoRun(sidecar, log, io).ShowAsync(config, text, time).ConfigureAwait(false);
    }

    private async Task<int> ShowAsync(PillionConfig config, string text, TimeSpan? time)
    {
        using var signals = new ProcessSignals(sidecar.Lifecycle, sharesTerminal: false, () => { }, sidecar.ReopenLogs, () => null);
        sidecar.Start();
        var mistakes = await sidecar.ApplyAsync(config, new StopTimes { LameDuck = TimeSpan.Zero, GracePeriod = TimeSpan.FromSeconds(5) }, CancellationToken.None).ConfigureAwait(false);
        if (mistakes.Count > 0)
        {
            return io.Fail(mistakes[0], ExitCodes.Failure);
        }

        var status = new ReloadStatus { Succeeded = 1, RunningSince = TimeProvider.System.GetUtcNow() };
        var tree = ConfigDocument.Parse(text, "demo.yaml", io.Environment, []);
        if (await sidecar.StartAdminAsync(config.Admin.Address, io.Environment, "demo.yaml", () => tree, () => status).ConfigureAwait(false) is { } mistake)
        {
            return io.Fail(mistake, ExitCodes.Failure);
        }

        Say($"The sidecar runs beside 'orders' with this configuration:\n\n{Indent(text)}");
        var inbound = ListenerAddress("inbound");
        var outbound = ListenerAddress("outbound");
        var asked =
            await AskAsync("1. A client asks orders, through inbound", inbound, "/hello?from=demo", "orders.example", 200).ConfigureAwait(false)
            & await AskAsync("2. orders asks payments, through outbound", outbound, "/charge", "payments", 200).ConfigureAwait(false)
            & await AskAsync("3. orders asks a service that refuses connections", outbound, "/stock", "stock", 503).ConfigureAwait(false);

        await ShowMetricsAsync().ConfigureAwait(false);
        Say($"""

            The admin page:        http://{sidecar.AdminAddress}/
            Through inbound:       curl http://{inbound}/
            Through outbound:      curl -H 'Host: payments' http://{outbound}/
            """);
        Say(time is { } limit ? $"Ends by itself after {limit.TotalSeconds:0} s." : "Serves until Ctrl-C.");
        var stopped = sidecar.StopAsync(new NeighbourApplication(() => null));
        if (time is { } seconds)
        {
            await Task.WhenAny(stopped, Task.Delay(seconds, sidecar.Time)).ConfigureAwait(false);
            sidecar.Lifecycle.RequestExit("the time is over");
        }

        var code = await stopped.ConfigureAwait(false);
        return asked ? code : ExitCodes.Failure;
    }

    private async Task<bool> AskAsync(string title, Address address, string target, string host, int expected)
    {
        var id = $"demo-{Guid.NewGuid():n}";
        using var limit = new CancellationTokenSource(Patience);
        var answer = await PlainHttp.GetAsync(address, target, host, limit.Token, $"X-Request-Id: {id}\r\n").ConfigureAwait(false);
        Say($"\n{title}\n\n   GET http://{host}{target}\n   → {answer.Status} {answer.Problem}\n{Indent(answer.Body)}");
        if (answer.Status != expected)
        {
            return false;
        }

        var line = await LogLineAsync(id).ConfigureAwait(false);
        Say($"   access log:\n{Indent(line)}");
        var explained = await PlainHttp.GetAsync(sidecar.AdminAddress!, $"/explain/{id}", "localhost", limit.Token).ConfigureAwait(false);
        Say($"   pillion explain {id} --admin {sidecar.AdminAddress}\n{Indent(explained.Body)}");
        return line.Length > 0 && explained.Status == 200;
    }

    // The line follows the answer; the writer would take up to a second to write it.
    private async Task<string> LogLineAsync(string id)
    {
        var began = sidecar.Time.GetTimestamp();
        while (sidecar.Time.GetElapsedTime(began) < Patience)
        {
            sidecar.FlushLogs();
            if (log.Text.Split('\n').FirstOrDefault(line => line.Contains(id, StringComparison.Ordinal)) is { } line)
            {
                return line;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), sidecar.Time).ConfigureAwait(false);
        }

        return "";
    }

    private async Task ShowMetricsAsync()
    {
        using var limit = new CancellationTokenSource(Patience);
        var metrics = await PlainHttp.GetAsync(sidecar.AdminAddress!, "/metrics", "localhost", limit.Token).ConfigureAwait(false);
        string[] shown = ["pillion_http_downstream_rq_total", "pillion_http_downstream_rq_xx", "pillion_cluster_upstream_rq_total", "pillion_cluster_upstream_cx_connect_fail"];
        var lines = metrics.Body.Split('\n').Where(line => shown.Any(name => line.StartsWith(name, StringComparison.Ordinal)));
        Say($"\nMetrics, a few of them:\n\n{Indent(string.Join('\n', lines))}");
    }

    private Address ListenerAddress(string direction)
    {
        var shown = sidecar.Listeners.First(listener => listener.Direction == direction).Address;
        return Address.TryParse(shown, out var address) ? address : throw new InvalidOperationException($"'{shown}' is not an address");
    }

    private void Say(string text) => io.Out.WriteLine(text);

    private static string Indent(string text) => string.Concat(text.TrimEnd().Split('\n').Select(line => $"   | {line.TrimEnd()}\n"));

    private static string Configuration(int orders, int payments, int nobody) => $$"""
        workload: orders
        app: 127.0.0.1:{{orders}}
        admin: 127.0.0.1:0

        inbound: { address: 127.0.0.1:0 }
        outbound:
          address: 127.0.0.1:0
          services:
            payments:
              endpoints: [ 127.0.0.1:{{payments}} ]
              timeout: 3s
            stock:                       # nobody listens there
              endpoints: [ 127.0.0.1:{{nobody}} ]
              retries: { on: [connect-failure], attempts: 2 }

        """;

    // A port that was free a moment ago refuses connections.
    private static int ClosedPort()
    {
        using var listener = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        return ((System.Net.IPEndPoint)listener.LocalEndpoint).Port;
    }
}
