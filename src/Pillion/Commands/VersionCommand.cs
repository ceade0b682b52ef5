using System.CommandLine;
using System.Reflection;

namespace Pillion.Commands;

/// <summary><c>pillion version</c>.</summary>
internal static class VersionCommand
{
    public static string Version { get; } =
        typeof(VersionCommand).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";

    public static Command Create(CommandIo io)
    {
        var command = new Command("version", "Prints the version.");
        command.SetAction(_ =>
        {
            io.Out.WriteLine($"pillion {Version}");
            return ExitCodes.Success;
        });
        return command;
    }
}
