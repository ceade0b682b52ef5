using System.CommandLine;
using System.Text;
using System.Text.Json;
using Pillion.Core.Configuration;
using Pillion.Rehearsing;

namespace Pillion.Commands;

/// <summary><c>pillion rehearse</c>: which requests of a log another configuration would decide differently.</summary>
internal static class RehearseCommand
{
    public static Command Create(CommandIo io)
    {
        var config = new Argument<string>("config") { HelpName = "CONFIG" };
        var log = new Option<string>("--log") { HelpName = "FILE", Description = "The access log, Pillion's JSON or Envoy's with the usual keys; - is standard input" };
        var against = new Option<string>("--against") { HelpName = "OLD", Description = "Compare with what this configuration decides, and not with what the log says" };
        var listener = new Option<string>("--listener") { HelpName = "NAME", Description = "Judge all by this listener, for a log that does not name them" };
        var json = new Option<bool>("--json") { Description = "Print it as JSON" };
        var command = new Command(
            "rehearse",
            "Reads an access log and tells which of its requests a configuration would decide differently: another route, cluster, redirect or none. Exit code 0: none, 1: some, 2: a mistake.")
        {
            config, log, against, listener, json,
        };
        command.SetAction((parsed, cancellationToken) => Task.FromResult(Run(
            parsed.GetRequiredValue(config), parsed.GetValue(log), parsed.GetValue(against), parsed.GetValue(listener), parsed.GetValue(json), io, cancellationToken)));
        return command;
    }

    private static int Run(string file, string? log, string? against, string? listener, bool asJson, CommandIo io, CancellationToken cancellationToken)
    {
        if (log is null)
        {
            return io.Fail("--log is missing: the access log whose requests are to be tried (see 'pillion rehearse --help')");
        }

        if (Load(file, listener, io) is not { } now)
        {
            return ExitCodes.Usage;
        }

        Judge? old = null;
        if (against is not null && (old = Load(against, listener, io)) is null)
        {
            return ExitCodes.Usage;
        }

        var rehearsal = new Rehearsal(now, old);
        try
        {
            using var stream = log == "-" ? Console.OpenStandardInput() : new FileStream(log, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
            rehearsal.Run(new LogLines(stream), cancellationToken);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return io.Fail($"{log}: cannot be read; {(exception is FileNotFoundException or DirectoryNotFoundException ? "there is no such file" : Directory.Exists(log) ? "it is a directory" : "look at its rights")}");
        }

        if (rehearsal.Requests == 0)
        {
            return io.Fail(rehearsal.Unreadable > 0
                ? $"{log}: line {rehearsal.FirstUnreadable} is no JSON, and no line tells of a request; an access log in JSON is needed ('format: json')"
                : $"{log}: no line tells of a request");
        }

        var report = new RehearsalReport(rehearsal, log, against is not null);
        if (asJson)
        {
            using var buffer = new MemoryStream();
            using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
            {
                report.Write(writer);
            }

            io.Out.WriteLine(Encoding.UTF8.GetString(buffer.GetBuffer().AsSpan(0, (int)buffer.Length)));
        }
        else
        {
            io.Out.Write(report.Text(io.Ink));
        }

        return rehearsal.Judged == 0 ? ExitCodes.Usage : rehearsal.Different > 0 ? ExitCodes.Failure : ExitCodes.Success;
    }

    private static Judge? Load(string file, string? listener, CommandIo io)
    {
        var (config, errors) = PillionConfig.Load(file, io.Environment);
        foreach (var error in errors)
        {
            io.Error.WriteLine(error);
        }

        if (config is null)
        {
            return null;
        }

        var judge = new Judge(config.Proxy, listener);
        if (listener is not null && !judge.Listeners.Contains(listener))
        {
            var nearest = NearestName.Of(listener, judge.Listeners) is { } name ? $"did you mean '{name}'?" : $"there are {string.Join(", ", judge.Listeners)}";
            io.Fail($"--listener: {file} has no HTTP listener '{listener}'; {nearest}");
            return null;
        }

        return judge;
    }
}
