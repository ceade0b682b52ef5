using Microsoft.Extensions.Logging;
using Pillion.Core.Configuration.Roles;
using Pillion.Core.Lifecycle;
using Pillion.Net.Posix;

namespace Pillion.Application;

/// <summary>The application's part of readiness: that it lives where we started it, and that it is healthy where the configuration probes it.</summary>
internal sealed class ApplicationHealth
{
    private readonly Lock _lock = new();
    private readonly Condition _alive;
    private readonly Condition _healthy;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private AppConfig? _config;
    private CancellationTokenSource? _stop;
    private Task _running = Task.CompletedTask;

    public ApplicationHealth(Lifecycle lifecycle, TimeProvider time, ILogger logger)
    {
        _time = time;
        _logger = logger;
        _alive = lifecycle.AddCondition("application", "not started yet", ConditionScope.Application);
        _healthy = lifecycle.AddCondition("application health", "not probed yet", ConditionScope.Application);
        _alive.Meet();
    }

    /// <summary>Starts the processes of exec probes.</summary>
    public ChildProcesses? Processes { get; set; }

    /// <summary>The application is ours: it counts as alive from its start to its end.</summary>
    public void Expect() => _alive.Fail("not started yet");

    public void Started() => _alive.Meet();

    public void Ended(string how) => _alive.Fail($"ended with {how}");

    /// <summary>Probes as a new configuration says; one that says the same probes on undisturbed.</summary>
    public void Apply(AppConfig? config)
    {
        lock (_lock)
        {
            if (config == _config && _stop is not null)
            {
                return;
            }

            _config = config;
            _stop?.Cancel();
            _stop = new CancellationTokenSource();
            if (config?.Health is not { } health || ProbeOf(config, health) is not { } probe)
            {
                _healthy.Meet();
                return;
            }

            _healthy.Fail("not probed yet");
            var monitor = new HealthMonitor(probe, health, _healthy, _time, _logger);
            _running = Task.WhenAll(_running, monitor.RunAsync(_stop.Token));
        }
    }

    public Task StopAsync()
    {
        lock (_lock)
        {
            _stop?.Cancel();
            return _running;
        }
    }

    private IProbe? ProbeOf(AppConfig config, HealthConfig health) => health.Kind switch
    {
        HealthKind.Http => new HttpProbe(config.Address, health.Path),
        HealthKind.Tcp => new TcpProbe(config.Address),
        HealthKind.Exec when !OperatingSystem.IsWindows() && Processes is { } processes => new ExecProbe(processes, health.Command),
        _ => new UnsupportedProbe(),
    };

    // Windows has no exec probe yet: said by readiness, not ignored.
    private sealed class UnsupportedProbe : IProbe
    {
        public Task<string?> ProbeAsync(CancellationToken cancellationToken) => Task.FromResult<string?>("exec probes work on Linux and macOS only");
    }
}
