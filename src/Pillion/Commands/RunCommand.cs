using System.CommandLine;
using Microsoft.Extensions.Logging;
using Pillion.Core.Signals.Logging;
using Pillion.Net;

namespace Pillion.Commands;

/// <summary><c>pillion run</c>: the sidecar, and the application with it where one is named.</summary>
internal static class RunCommand
{
    public const string Name = "run";

    private const int MostLoops = 256;

    public static Command Create(CommandIo io, IReadOnlyList<string> application)
    {
        var config = new Option<string>("--config", "-c") { HelpName = "FILE", Description = "Pillion's own file or Envoy's bootstrap, YAML or JSON (or PILLION_CONFIG)" };
        var admin = AdminOption.Create("Where to serve the admin port: HOST:PORT or unix:/path (or PILLION_ADMIN); else as the file says, 127.0.0.1:15000");
        var level = new Option<string>("--log-level") { HelpName = "LEVEL", Description = $"How much to log: {LogLevels.KnownWords}; info unless said" };
        var concurrency = new Option<string>("--concurrency") { HelpName = "N", Description = "Event loops, each up to one core; as many as there are cores unless said" };
        var format = new Option<string>("--log-format") { HelpName = "FORMAT", Description = "How Pillion's own log is written: text or json; text unless said" };
        var network = new Option<string>("--network") { HelpName = "NAME", Description = "What carries the bytes: epoll (Linux only) or portable, .NET's own sockets; epoll unless said, where there is one" };
        var capture = new Option<bool>("--capture") { Description = "Have the kernel redirect connections to the sidecar, as 'capture' in the file says, from its start to its stop" };
        var command = new Command(Name, "Runs the sidecar until it is told to stop; with -- APP also the application, and ends with its exit code.") { config, admin, level, format, concurrency, network, capture };
        command.SetAction((parsed, _) =>
        {
            var mistake = Read(io, parsed.GetValue(config), parsed.GetValue(admin), parsed.GetValue(level), parsed.GetValue(concurrency), application, out var options)
                ?? Read(parsed.GetValue(format), parsed.GetValue(network), ref options!);
            return mistake is null ? App.RunAsync(options! with { Capture = parsed.GetValue(capture) }, io) : Task.FromResult(io.Fail(mistake));
        });
        return command;
    }

    internal static string? Read(string? logFormat, string? network, ref RunOptions options)
    {
        if (logFormat is not (null or "text" or "json"))
        {
            return $"--log-format: '{logFormat}' is not a format; use text or json";
        }

        if (network is not (null or "portable") && !(network == "epoll" && OperatingSystem.IsLinux()))
        {
            return $"--network: '{network}' is not to be had here; use {(OperatingSystem.IsLinux() ? "epoll or portable" : "portable")}";
        }

        options = options with { LogsJson = logFormat == "json", PortableNetwork = network == "portable" };
        return null;
    }

    internal static string? Read(CommandIo io, string? config, string? admin, string? level, string? concurrency, IReadOnlyList<string> application, out RunOptions? options)
    {
        options = null;
        if ((config ?? io.Environment("PILLION_CONFIG")) is not { Length: > 0 } file)
        {
            return "there is no configuration: give one with -c FILE or PILLION_CONFIG";
        }

        Address? address = null;
        if ((admin ?? io.Environment("PILLION_ADMIN")) is { Length: > 0 } && !AdminOption.TryRead(admin, io, out address, out var mistake))
        {
            return $"--admin: {mistake}";
        }

        var logLevel = LogLevel.Information;
        if (level is not null && !LogLevels.TryRead(level, out logLevel))
        {
            return $"--log-level: '{level}' is not a level; use {LogLevels.KnownWords}";
        }

        var loops = Environment.ProcessorCount;
        if (concurrency is not null && !(int.TryParse(concurrency, System.Globalization.NumberStyles.None, null, out loops) && loops is >= 1 and <= MostLoops))
        {
            return $"--concurrency: '{concurrency}' is not a number of loops; use 1-{MostLoops}";
        }

        options = new RunOptions { ConfigFile = file, Admin = address, LogLevel = logLevel, Concurrency = loops, Application = application };
        return null;
    }
}
