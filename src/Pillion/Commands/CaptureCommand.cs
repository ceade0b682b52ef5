using System.CommandLine;
using Pillion.Capture;
using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Roles;
using Pillion.Net.Posix;

namespace Pillion.Commands;

/// <summary><c>pillion capture</c>: rules that have the kernel redirect connections to the sidecar.</summary>
internal static class CaptureCommand
{
    public const string Name = "capture";

    private static readonly string[] Actions = ["install", "remove", "show"];

    public static Command Create(CommandIo io)
    {
        var action = new Argument<string>("action") { HelpName = "install|remove|show" };
        var dryRun = new Option<bool>("--dry-run") { Description = "Print what would be loaded, and load nothing" };
        var arguments = new CaptureArguments();
        var command = new Command(Name, "Has the kernel redirect connections to the sidecar, so that applications need no change; shows and removes the rules.") { action, dryRun };
        arguments.AddTo(command);
        command.SetAction((parsed, cancellationToken) =>
        {
            var asked = parsed.GetRequiredValue(action);
            if (!Actions.Contains(asked))
            {
                return Task.FromResult(io.Fail($"{ConfigError.Quote(asked)} is no action; use install, remove or show"));
            }

            if (!OperatingSystem.IsLinux())
            {
                return Task.FromResult(io.Fail("capture is a matter of the Linux kernel"));
            }

            var isDry = parsed.GetValue(dryRun);
            if (asked != "install" && (arguments.FirstGiven(parsed) ?? (isDry && asked == "show" ? "--dry-run" : null)) is { } given)
            {
                return Task.FromResult(io.Fail($"{given} says nothing to 'capture {asked}'"));
            }

            var options = new CaptureOptions { Config = new CaptureConfig() };
            return asked == "install" && arguments.TryRead(parsed, io, ref options) is { } code
                ? Task.FromResult(code)
                : RunAsync(asked, options, isDry, io, cancellationToken);
        });
        return command;
    }

    [System.Runtime.Versioning.SupportedOSPlatform("linux")]
    private static async Task<int> RunAsync(string action, CaptureOptions options, bool isDry, CommandIo io, CancellationToken cancellationToken)
    {
        using var processes = new ChildProcesses(reapOrphans: Environment.ProcessId == 1);
        var capture = new TrafficCapture(processes);
        switch (action)
        {
            case "install" when isDry:
                return Print(capture.Render(options), io);
            case "install":
                return Done(await capture.InstallAsync(options, cancellationToken).ConfigureAwait(false), io);
            case "remove" when isDry:
                return Print(await capture.RenderRemovalAsync(cancellationToken).ConfigureAwait(false), io);
            case "remove":
                return Done(await capture.RemoveAsync(cancellationToken).ConfigureAwait(false), io);
            default:
                return await ShowAsync(capture, io, cancellationToken).ConfigureAwait(false);
        }
    }

    [System.Runtime.Versioning.SupportedOSPlatform("linux")]
    private static async Task<int> ShowAsync(TrafficCapture capture, CommandIo io, CancellationToken cancellationToken)
    {
        var (installed, mistake) = await capture.ShowAsync(cancellationToken).ConfigureAwait(false);
        if (mistake is not null)
        {
            return Done(mistake, io);
        }

        if (installed.Count == 0)
        {
            io.Out.WriteLine("capture is not installed");
            return ExitCodes.Failure;
        }

        foreach (var (filter, rules) in installed)
        {
            io.Out.WriteLine($"capture is installed by {filter}");
            io.Out.WriteLine($"  outbound  {rules.Outbound} redirected");
            io.Out.WriteLine($"  inbound   {rules.Inbound} redirected");
            io.Out.WriteLine($"  own       {rules.Own} of the sidecar itself, passed by");
            io.Out.WriteLine();
            io.Out.WriteLine(rules.Text!.TrimEnd());
        }

        return ExitCodes.Success;
    }

    private static int Print((string? Rules, string? Mistake) rendered, CommandIo io)
    {
        io.Out.Write(rendered.Rules);
        return Done(rendered.Mistake, io);
    }

    private static int Done(string? mistake, CommandIo io) => mistake is null ? ExitCodes.Success : io.Fail(mistake, ExitCodes.Failure);
}
