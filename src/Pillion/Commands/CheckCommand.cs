using System.CommandLine;

namespace Pillion.Commands;

/// <summary><c>pillion check</c>: every mistake of a file, then one line that sums up.</summary>
internal static class CheckCommand
{
    public static Command Create(CommandIo io)
    {
        var file = new Argument<string>("file") { HelpName = "FILE" };
        var command = new Command("check", "Reads a configuration and prints every mistake in it; nothing is started.") { file };
        command.SetAction(parsed => Check(parsed.GetRequiredValue(file), io));
        return command;
    }

    private static int Check(string file, CommandIo io)
    {
        var (config, errors) = PillionConfig.Load(file, io.Environment);
        if (errors is [{ IsAboutFile: true } unreadable])
        {
            return io.Fail(unreadable.ToString());
        }

        foreach (var error in errors)
        {
            io.Out.WriteLine(error);
        }

        if (config is null)
        {
            io.Out.WriteLine(errors.Count == 1 ? $"{file}: 1 mistake" : $"{file}: {errors.Count} mistakes");
            return ExitCodes.Failure;
        }

        io.Out.WriteLine($"{file}: correct ({Count(config.Proxy.Listeners.Count, "listener")}, {Count(config.Proxy.Clusters.Count, "cluster")})");
        return ExitCodes.Success;
    }

    private static string Count(int count, string what) => count == 1 ? $"1 {what}" : $"{count} {what}s";
}
