using System.CommandLine;
using System.CommandLine.Help;
using Pillion.Core.Configuration;

namespace Pillion.Commands;

/// <summary>Reads the command line and runs the command. Every misuse is one line on standard error and exit code 2.</summary>
internal static class CommandLine
{
    public static Task<int> RunAsync(IReadOnlyList<string> arguments, CommandIo io)
    {
        // What follows -- is the application's and no business of our parser.
        var split = arguments.ToList().IndexOf("--");
        var ours = split < 0 ? arguments : [.. arguments.Take(split)];
        var application = split < 0 ? [] : arguments.Skip(split + 1).ToList();

        var root = Build(io, application);
        if (ours.Count == 0)
        {
            io.Out.Write(HelpText.Of(root));
            return Task.FromResult(ExitCodes.Success);
        }

        var parsed = root.Parse(ours, new ParserConfiguration { EnablePosixBundling = false, ResponseFileTokenReplacer = null });
        if (parsed.Action is HelpPrinter)
        {
            return Task.FromResult(parsed.Invoke(new InvocationConfiguration { Output = io.Out, Error = io.Error }));
        }

        var command = parsed.CommandResult.Command;
        if (Misuse(parsed, root, command) is { } misuse)
        {
            return Task.FromResult(io.Fail($"{misuse} (see 'pillion {(command == root ? "" : FullName(command) + " ")}--help')"));
        }

        if (split >= 0 && command.Name != RunCommand.Name)
        {
            return Task.FromResult(io.Fail($"only 'run' starts an application; '{command.Name}' takes nothing after --"));
        }

        if (split >= 0 && application.Count == 0)
        {
            return Task.FromResult(io.Fail("there is no application after -- (see 'pillion run --help')"));
        }

        // No time-out: the library would otherwise take SIGTERM for itself and end us after two seconds.
        return parsed.InvokeAsync(new InvocationConfiguration { Output = io.Out, Error = io.Error, EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
    }

    internal static RootCommand Build(CommandIo io, IReadOnlyList<string> application)
    {
        var root = new RootCommand("One sidecar beside any application: security, routing, retries, logs and metrics, without a change to it.")
        {
            RunCommand.Create(io, application),
            CheckCommand.Create(io),
            DiffCommand.Create(io),
            RehearseCommand.Create(io),
            WaitCommand.Create(io),
            ExplainCommand.Create(io),
            TopCommand.Create(io),
            TapCommand.Create(io),
            MtlsCommand.Create(io),
            CertsCommand.Create(io),
            CaptureCommand.Create(io),
            DemoCommand.Create(io),
            VersionCommand.Create(io),
        };
        root.Options.Clear();
        root.Directives.Clear();
        root.Options.Add(new HelpOption("--help", "-h") { Recursive = true, Description = "Show this help", Action = new HelpPrinter() });
        return root;
    }

    /// <summary>As it is typed: <c>certs init</c>.</summary>
    internal static string FullName(Command command) =>
        command.Parents.OfType<Command>().FirstOrDefault() is { } parent and not RootCommand ? $"{FullName(parent)} {command.Name}" : command.Name;

    private static string? Misuse(ParseResult parsed, RootCommand root, Command command)
    {
        if (parsed.UnmatchedTokens is [var unknown, ..])
        {
            return Unknown(unknown, command);
        }

        // An argument that takes any number of words takes a misspelt option for one of them.
        if (parsed.CommandResult.Children.OfType<System.CommandLine.Parsing.ArgumentResult>()
            .Where(argument => argument.Argument.Arity.MaximumNumberOfValues > 1)
            .SelectMany(argument => argument.Tokens)
            .FirstOrDefault(token => token.Value.StartsWith('-')) is { } option)
        {
            return Unknown(option.Value, command);
        }

        if (command.Subcommands.Count > 0)
        {
            return command == root ? "say what to do" : $"say what to do: {string.Join(" or ", command.Subcommands.Select(sub => $"'{FullName(sub)}'"))}";
        }

        // The library's messages vary in shape; ours name the option and stop.
        return parsed.Errors is [var error, ..] ? error.SymbolResult switch
        {
            System.CommandLine.Parsing.OptionResult { Tokens.Count: 0 } empty => $"{empty.Option.Name} needs a value",
            System.CommandLine.Parsing.OptionResult twice => $"{twice.Option.Name} is given more than once",
            System.CommandLine.Parsing.ArgumentResult { Tokens.Count: 0, Parent: System.CommandLine.Parsing.OptionResult of } => $"{of.Option.Name} needs a value",
            System.CommandLine.Parsing.ArgumentResult argument => $"{argument.Argument.HelpName ?? argument.Argument.Name} is missing",
            System.CommandLine.Parsing.CommandResult { Command.Arguments: [var argument, ..] } => $"{argument.HelpName ?? argument.Name} is missing",
            _ => error.Message.TrimEnd('.'),
        } : null;
    }

    private static string Unknown(string token, Command command)
    {
        var isOption = token.StartsWith('-');
        var written = isOption ? token.Split('=')[0] : token;
        var names = isOption ? command.Options.Select(option => option.Name).Append("--help") : command.Subcommands.Select(sub => sub.Name);
        var nearest = NearestName.Of(written, names);
        var what = isOption ? "option" : command.Subcommands.Count > 0 ? "command" : "argument";
        var hint = nearest is not null ? $", did you mean '{nearest}'?"
            : what == "argument" && command.Name == RunCommand.Name ? "; the application goes after --"
            : "";
        return $"unknown {what} {ConfigError.Quote(written)}{hint}";
    }
}
