using Microsoft.Extensions.Logging.Abstractions;
using Pillion.Application;
using Pillion.Core.Configuration.Roles;
using Pillion.Core.Lifecycle;
using Pillion.Net;
using Pillion.Net.Posix;
using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Program;

public sealed class HealthMonitorTests
{
    private readonly ManualTimeProvider _clock = new();
    private readonly Condition _condition;
    private readonly ScriptedProbe _probe = new();

    public HealthMonitorTests() => _condition = new Lifecycle(_clock).AddCondition("application health", "not probed yet", ConditionScope.Application);

    [Fact]
    public async Task The_first_success_is_enough()
    {
        await ProbeAsync(successes: 3, [null]);
        Assert.True(_condition.IsMet);
    }

    [Fact]
    public async Task It_takes_failures_in_a_row_to_become_unhealthy()
    {
        await ProbeAsync(successes: 1, null, "down", "down", null, "down", "down");
        Assert.True(_condition.IsMet);
        await ProbeAsync(successes: 1, null, "down", "down", "down for good");
        Assert.Equal("down for good", _condition.Reason);
    }

    [Fact]
    public async Task It_takes_successes_in_a_row_to_become_healthy_again()
    {
        var monitor = Monitor(successes: 2);
        await RunAsync(monitor, null, "down", "down", "down", null);
        Assert.False(_condition.IsMet);
        await RunAsync(monitor, "down", null);
        Assert.False(_condition.IsMet);
        await RunAsync(monitor, [null]);
        Assert.True(_condition.IsMet);
    }

    [Fact]
    public async Task A_probe_that_does_not_answer_fails_after_its_time_out()
    {
        _probe.Hangs = true;
        var probing = Monitor(successes: 1).ProbeOnceAsync(default);
        _clock.Advance(TimeSpan.FromSeconds(1));
        await probing;
        Assert.Equal("no answer within 1 s", _condition.Reason);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\n", null)]
    [InlineData("HTTP/1.0 302 Found\r\n", null)]
    [InlineData("HTTP/1.1 503 Service Unavailable\r\n", "answered 503")]
    [InlineData("SSH-2.0-OpenSSH_9\r\n", "the answer is not HTTP")]
    [InlineData("", "the connection was closed without an answer")]
    public async Task An_http_probe_judges_by_the_status(string answer, string? problem)
    {
        using var listener = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        var address = new Address("127.0.0.1", ((System.Net.IPEndPoint)listener.LocalEndpoint).Port);
        var served = ServeAsync(listener, answer);
        var result = await new HttpProbe(address, "/healthz").ProbeAsync(default);
        Assert.Equal("GET /healthz HTTP/1.1", await served);
        if (problem is null)
        {
            Assert.Null(result);
        }
        else
        {
            Assert.EndsWith(problem, result);
        }
    }

    [Fact]
    public async Task A_tcp_probe_needs_somebody_who_listens()
    {
        using var listener = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        var address = new Address("127.0.0.1", ((System.Net.IPEndPoint)listener.LocalEndpoint).Port);
        Assert.Null(await new TcpProbe(address).ProbeAsync(default));
        listener.Stop();
        Assert.Equal($"connecting to {address}: connection refused", await new TcpProbe(address).ProbeAsync(default));
    }

    [Theory]
    [InlineData("exit 0", null)]
    [InlineData("exit 3", "'/bin/sh' ended with exit code 3")]
    public async Task An_exec_probe_judges_by_the_exit_code(string script, string? problem)
    {
        if (!OperatingSystem.IsWindows())
        {
            using var processes = new ChildProcesses(reapOrphans: false);
            Assert.Equal(problem, await new ExecProbe(processes, ["/bin/sh", "-c", script]).ProbeAsync(default));
        }
    }

    private static async Task<string> ServeAsync(System.Net.Sockets.TcpListener listener, string answer)
    {
        using var client = await listener.AcceptTcpClientAsync();
        using var reader = new StreamReader(client.GetStream());
        var first = await reader.ReadLineAsync() ?? "";
        while (await reader.ReadLineAsync() is { Length: > 0 })
        {
        }

        await client.GetStream().WriteAsync(System.Text.Encoding.ASCII.GetBytes(answer));
        return first;
    }

    private Task ProbeAsync(int successes, params string?[] outcomes) => RunAsync(Monitor(successes), outcomes);

    private async Task RunAsync(HealthMonitor monitor, params string?[] outcomes)
    {
        foreach (var outcome in outcomes)
        {
            _probe.Outcome = outcome;
            await monitor.ProbeOnceAsync(default);
        }
    }

    private HealthMonitor Monitor(int successes) =>
        new(_probe, new HealthConfig { Kind = HealthKind.Tcp, Failures = 3, Successes = successes }, _condition, _clock, NullLogger.Instance);

    private sealed class ScriptedProbe : IProbe
    {
        public string? Outcome { get; set; }

        public bool Hangs { get; set; }

        public async Task<string?> ProbeAsync(CancellationToken cancellationToken)
        {
            if (Hangs)
            {
                await Task.Delay(Timeout.Infinite, cancellationToken);
            }

            return Outcome;
        }
    }
}
