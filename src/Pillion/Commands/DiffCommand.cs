using System.CommandLine;
using System.Text;
using System.Text.Json;
using Pillion.Comparing;
using Pillion.Core.Configuration.Documents;

namespace Pillion.Commands;

/// <summary><c>pillion diff</c>: what another configuration would change; its exit codes are those of diff(1).</summary>
internal static class DiffCommand
{
    public static Command Create(CommandIo io)
    {
        var old = new Argument<string>("old") { HelpName = "OLD" };
        var now = new Argument<string>("new") { HelpName = "NEW" };
        var json = new Option<bool>("--json") { Description = "Print it as JSON" };
        var command = new Command("diff", "Tells what a new configuration changes, by line, and what that means for connections, pools and limits. Exit code 0: the same, 1: different, 2: a mistake.") { old, now, json };
        command.SetAction(parsed =>
        {
            if (Load(parsed.GetRequiredValue(old), io) is not var (before, oldTree) || Load(parsed.GetRequiredValue(now), io) is not var (after, newTree))
            {
                return ExitCodes.Usage;
            }

            var isSame = before == after;
            var sameFormat = PillionConfig.IsEnvoys(oldTree) == PillionConfig.IsEnvoys(newTree);
            var report = new DiffReport(
                parsed.GetRequiredValue(old), parsed.GetRequiredValue(now), isSame, sameFormat, sameFormat ? DocumentDiff.Of(oldTree, newTree) : [], isSame ? [] : MeaningDiff.Of(before, after));
            if (parsed.GetValue(json))
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

            return isSame ? ExitCodes.Success : ExitCodes.Failure;
        });
        return command;
    }

    private static (PillionConfig, ConfigNode)? Load(string file, CommandIo io)
    {
        var (config, tree, errors) = PillionConfig.LoadTree(file, io.Environment);
        if (config is not null && tree is not null)
        {
            return (config, tree);
        }

        foreach (var error in errors)
        {
            io.Error.WriteLine(error);
        }

        return null;
    }
}
