using Microsoft.Extensions.Logging;
using Pillion.Commands;
using Pillion.Core.Lifecycle;
using Pillion.Core.Signals.Logging;
using Pillion.Net.Sockets;
using Pillion.Proxy.Clusters.Dns;
using Pillion.Tests.Configuration;
using Xunit;

namespace Pillion.Tests.Program;

/// <summary>A whole sidecar with an identity of <c>pillion certs init</c>.</summary>
public sealed class IdentityStartTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("pillion-start-").FullName;
    private readonly PillionLogs _logs = new(new LogLevels(LogLevel.Error), LogLayout.Text, new LogWriter(Stream.Null), TimeProvider.System);
    private readonly Sidecar _sidecar;

    public IdentityStartTests()
    {
        _sidecar = new Sidecar(1, Network.ForThisSystem(portable: false), _logs, TimeProvider.System, NameResolvers.ForThisMachine());
        _sidecar.Start();
        Assert.Equal(0, CertsCommand.Create(new CommandIo(TextWriter.Null, TextWriter.Null, _ => null)).Parse(["init", _directory, "orders"]).Invoke());
    }

    public void Dispose()
    {
        _sidecar.Lifecycle.RequestStop(new StopRequest("the test is over"));
        _sidecar.StopAsync(new Pillion.Application.NeighbourApplication(() => null)).GetAwaiter().GetResult();
        _sidecar.Dispose();
        _logs.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task What_certs_init_prints_runs()
    {
        Assert.Equal([], await ApplyAsync("orders"));
        Assert.Equal("spiffe://example.org/ns/default/sa/orders", _sidecar.Identity.Current!.Id.ToString());
        Assert.True(_sidecar.Lifecycle.Conditions.Single(condition => condition.Name == "identity").IsMet);
    }

    [Fact]
    public async Task A_bad_identity_is_one_mistake_though_listeners_need_it()
    {
        var mistake = Assert.Single(await ApplyAsync("payments"));
        Assert.StartsWith("pillion.yaml:2: identity: ", mistake);
        Assert.Contains("the configuration says workload 'payments'", mistake);
        Assert.Null(_sidecar.Identity.Current);
    }

    [Fact]
    public async Task A_changed_configuration_with_a_bad_identity_leaves_the_running_one()
    {
        await ApplyAsync("orders");
        var running = _sidecar.Identity.Current;
        Assert.Single(await ApplyAsync("payments"));
        Assert.Same(running, _sidecar.Identity.Current);
        Assert.Equal("orders", _sidecar.Workload);
    }

    private Task<IReadOnlyList<string>> ApplyAsync(string workload) => _sidecar.ApplyAsync(
        Given.Config($$"""
            workload: {{workload}}
            identity: {{_directory}}/orders
            app: 127.0.0.1:1
            inbound: { address: 127.0.0.1:0, mtls: strict }
            outbound: off
            """),
        new StopTimes { LameDuck = TimeSpan.Zero, GracePeriod = TimeSpan.FromSeconds(2) },
        CancellationToken.None);
}
