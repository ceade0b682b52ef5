using System.CommandLine;
using Pillion.Demo;

namespace Pillion.Commands;

/// <summary><c>pillion demo</c>: everything at work, with nothing to prepare.</summary>
internal static class DemoCommand
{
    public static Command Create(CommandIo io)
    {
        var seconds = new Option<string>("--seconds") { HelpName = "N", Description = "End by itself after N seconds; else at Ctrl-C" };
        var command = new Command("demo", "Starts a small application and the sidecar beside it, sends requests both ways and shows what happened.") { seconds };
        command.SetAction((parsed, _) =>
        {
            TimeSpan? time = null;
            if (parsed.GetValue(seconds) is { } text)
            {
                if (!uint.TryParse(text, System.Globalization.NumberStyles.None, null, out var number) || number > 86_400)
                {
                    return Task.FromResult(io.Fail($"--seconds: '{text}' is not a number of seconds; use 0-86400"));
                }

                time = TimeSpan.FromSeconds(number);
            }

            return DemoRun.RunAsync(time, io);
        });
        return command;
    }
}
