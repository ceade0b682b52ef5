using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Pillion.Application;
using Pillion.Capture;
using Pillion.Commands;
using Pillion.Core.Lifecycle;
using Pillion.Core.Signals.Logging;
using Pillion.Net;
using Pillion.Net.Memory;
using Pillion.Net.Posix;
using Pillion.Net.Sockets;
using Pillion.Proxy.Clusters.Dns;
using Pillion.Reload;

namespace Pillion;

/// <summary><c>pillion run</c>, from its start to its exit code.</summary>
internal sealed partial class App(RunOptions options, CommandIo io, Sidecar sidecar, ILogger logger)
{
    private readonly ConfigFile _file = new(options.ConfigFile, io.Environment);
    private readonly CancellationTokenSource _ending = new();
    private volatile IApplication? _application;
    private Address? _adminAddress;

    public static async Task<int> RunAsync(RunOptions options, CommandIo io)
    {
        var time = TimeProvider.System;
        using var logs = new PillionLogs(new LogLevels(options.LogLevel), options.LogsJson ? LogLayout.Json : LogLayout.Text, new LogWriter(Console.OpenStandardError()), time);
        using var sidecar = new Sidecar(options.Concurrency, Network.ForThisSystem(options.PortableNetwork), logs, time, NameResolvers.ForThisMachine());
        return await new App(options, io, sidecar, logs.CreateLogger("main")).LiveAsync().ConfigureAwait(false);
    }

    private async Task<int> LiveAsync()
    {
        var began = sidecar.Time.GetTimestamp();
        var isOurs = options.Application.Count > 0;
        if (isOurs && OperatingSystem.IsWindows())
        {
            return io.Fail("an application after -- is started on Linux and macOS only");
        }

        // The first file decides whether there is a life at all: its mistakes go to the person who started us, not to a log.
        var first = _file.Load();
        if (first.Config is not { } config)
        {
            return Refuse(first.Mistakes);
        }

        using var processes = OperatingSystem.IsWindows() ? null : new ChildProcesses(reapOrphans: Environment.ProcessId == 1);
        sidecar.Health.Processes = processes;
        if (isOurs)
        {
            sidecar.Health.Expect();
        }

        if (options.Capture && (config.Capture is null ? "the file has no 'capture' that says what to redirect; add 'capture: { inbound_ports: [8080] }'" : OperatingSystem.IsLinux() ? null : "capture is a matter of the Linux kernel") is { } cannot)
        {
            return io.Fail($"--capture: {cannot}");
        }

        // Whoever installed the rules: our own connections must not come back to us.
        if (config.Capture is { } captured && !sidecar.TryMark(captured.Mark) && captured.Uid is null)
        {
            LogCannotMark();
        }

        var sharesTerminal = isOurs && ControllingTerminal.IsForeground;
        using var reloader = new ConfigReloader<PillionConfig>(options.ConfigFile, _ => _file.Load(), ApplyAsync, sidecar.Time, logger) { Finished = Count };
        using var signals = new ProcessSignals(
            sidecar.Lifecycle, sharesTerminal, () => _ = reloader.ReloadAsync(_ending.Token), sidecar.ReopenLogs, () => _application as OwnApplication);

        sidecar.Start();
        if (!await reloader.ReloadAsync(_ending.Token).ConfigureAwait(false))
        {
            return ExitCodes.Failure;
        }

        if (await sidecar.StartAdminAsync(options.Admin ?? config.Admin.Address, io.Environment, options.ConfigFile, () => _file.Tree, () => reloader.Status).ConfigureAwait(false) is { } mistake)
        {
            return io.Fail(mistake, ExitCodes.Failure);
        }

        // Behind the listeners, which must be there when the first connection is redirected; before the application makes one.
        await using var capturing = options.Capture && OperatingSystem.IsLinux() ? new RunningCapture(processes!, logger) : null;
        if (capturing is not null && OperatingSystem.IsLinux() && await capturing.InstallAsync(config, sidecar.AdminAddress!, _ending.Token).ConfigureAwait(false) is { } refusal)
        {
            return io.Fail($"--capture: {refusal}", ExitCodes.Failure);
        }

        await sidecar.Lifecycle.Started.ConfigureAwait(false);
        LogStarted(sidecar.Workload is { Length: > 0 } name ? $"beside {name} " : "", sidecar.Time.GetElapsedTime(began).TotalMilliseconds, sidecar.AdminAddress!.ToString());
        if (!RuntimeFeature.IsDynamicCodeSupported)
        {
            // Of the compiled program; where code is made while it runs there is nothing to let go of.
            _ = Task.Run(StartupPages.Release, CancellationToken.None);
        }

        var watching = config.Reload.Watch ? reloader.WatchAsync(_ending.Token) : Task.CompletedTask;

        if (isOurs && !OperatingSystem.IsWindows())
        {
            var start = OwnApplication.Start(processes!, options.Application, sharesTerminal);
            if (start.Application is not { } own)
            {
                io.Fail(start.Mistake);
                sidecar.Lifecycle.RequestStop(new StopRequest(start.Mistake));
                await sidecar.StopAsync(new NeighbourApplication(() => null)).ConfigureAwait(false);
                return start.ExitCode;
            }

            _application = own;
            sidecar.Health.Started();
            _ = EndWithAsync(own);
        }

        var code = await sidecar.StopAsync(_application ?? new NeighbourApplication(() => sidecar.ApplicationAddress)).ConfigureAwait(false);
        await _ending.CancelAsync().ConfigureAwait(false);
        await watching.ConfigureAwait(false);
        LogStopped(code);
        return code;
    }

    private int Refuse(IReadOnlyList<string> mistakes)
    {
        if (_file.IsUnreadable)
        {
            return io.Fail(mistakes[0]);
        }

        foreach (var mistake in mistakes)
        {
            io.Error.WriteLine(mistake);
        }

        return io.Fail(mistakes.Count == 1 ? $"{options.ConfigFile} has 1 mistake" : $"{options.ConfigFile} has {mistakes.Count} mistakes", ExitCodes.Failure);
    }

    private async Task<IReadOnlyList<string>> ApplyAsync(PillionConfig config, CancellationToken cancellationToken)
    {
        // The port that answers questions about a reload stays where it is until the next start.
        _adminAddress ??= config.Admin.Address;
        if (options.Admin is null && _adminAddress != config.Admin.Address)
        {
            LogAdminStays(config.Admin.Address.ToString());
        }

        var mistakes = new List<string>();
        var times = new StopTimes { GracePeriod = config.Lifecycle.GracePeriod, LameDuck = config.Lifecycle.LameDuck }.With(io.Environment, mistakes);
        return mistakes.Count > 0 ? mistakes : await sidecar.ApplyAsync(config, times, cancellationToken).ConfigureAwait(false);
    }

    // Without its application a sidecar has nothing to do: a Job ends when its program does.
    [System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
    private async Task EndWithAsync(OwnApplication application)
    {
        var status = await application.Status.ConfigureAwait(false);
        LogApplicationEnded(status.ToString());
        sidecar.Health.Ended(status.ToString());
        sidecar.Lifecycle.RequestExit($"the application ended with {status}");
    }

    private void Count(ReloadStatus status)
    {
        if (status.Mistakes.Count > 0)
        {
            sidecar.Metrics.Server.ReloadFailed();
        }
        else
        {
            sidecar.Metrics.Server.ReloadSucceeded(_file.ContentHash);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "up {Beside}after {Milliseconds:0.0} ms; admin at {Admin}")]
    private partial void LogStarted(string beside, double milliseconds, string admin);

    [LoggerMessage(Level = LogLevel.Warning, Message = "the admin port moves to {Address} at the next start, not with a reload")]
    private partial void LogAdminStays(string address);

    [LoggerMessage(Level = LogLevel.Warning, Message = "this process may not mark its connections (CAP_NET_ADMIN), and 'capture' gives no uid to know them by: where capture is installed they come back to it")]
    private partial void LogCannotMark();

    [LoggerMessage(Level = LogLevel.Information, Message = "the application ended with {Status}")]
    private partial void LogApplicationEnded(string status);

    [LoggerMessage(Level = LogLevel.Information, Message = "stopped; exit code {Code}")]
    private partial void LogStopped(int code);
}
