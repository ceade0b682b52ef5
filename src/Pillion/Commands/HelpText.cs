using System.CommandLine;
using System.Text;

namespace Pillion.Commands;

/// <summary>The help of a command: what it does, how it is called, its options, examples.</summary>
internal static class HelpText
{
    public static string Of(Command command)
    {
        var text = new StringBuilder();
        var isRoot = command is RootCommand;
        text.Append(command.Description).Append("\n\nUsage: pillion ").Append(isRoot ? "COMMAND [OPTIONS]" : $"{CommandLine.FullName(command)} {Usage(command)}").Append('\n');
        if (command.Subcommands.Count > 0)
        {
            Section(text, "Commands", command.Subcommands.Select(sub => ($"{sub.Name} {Rest(sub)}".TrimEnd(), sub.Description!)));
        }

        Section(text, "Options", command.Options.Where(option => option.Name != "--help").Select(option => ($"{Names(option)} {option.HelpName}".TrimEnd(), option.Description!)).Append(("-h, --help", "Show this help")));
        if (Examples.Of(CommandLine.FullName(command)) is { Length: > 0 } examples && !isRoot)
        {
            Lines(text, "Examples", examples);
        }

        if (isRoot)
        {
            Lines(text, "Examples", Examples.First);
            text.Append("\n'pillion COMMAND --help' says more of each.\n");
        }

        return text.ToString();
    }

    private static string Rest(Command command) =>
        command.Subcommands.Count > 0 ? string.Join('|', command.Subcommands.Select(sub => sub.Name)) : string.Join(' ', command.Arguments.Select(argument => argument.HelpName));

    private static string Usage(Command command) =>
        string.Join(' ', [.. command.Subcommands.Count > 0 ? ["COMMAND"] : command.Arguments.Select(argument => argument.HelpName), "[OPTIONS]", .. command.Name == RunCommand.Name ? ["[-- APP ARGS…]"] : Array.Empty<string>()]);

    private static string Names(Option option) => option.Aliases.Count > 0 ? $"{option.Aliases.First()}, {option.Name}" : $"    {option.Name}";

    private static void Section(StringBuilder text, string title, IEnumerable<(string Left, string Right)> rows)
    {
        var all = rows.ToList();
        var width = all.Max(row => row.Left.Length) + 2;
        text.Append('\n').Append(title).Append(":\n");
        foreach (var (left, right) in all)
        {
            text.Append("  ").Append(left.PadRight(width)).Append(right).Append('\n');
        }
    }

    private static void Lines(StringBuilder text, string title, IEnumerable<string> lines)
    {
        text.Append('\n').Append(title).Append(":\n");
        foreach (var line in lines)
        {
            text.Append("  ").Append(line).Append('\n');
        }
    }
}
