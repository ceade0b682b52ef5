using Pillion.Core.Signals;

namespace Pillion.Commands;

/// <summary>What a command speaks to and reads from, so that a test can stand in.</summary>
internal sealed record CommandIo(TextWriter Out, TextWriter Error, Func<string, string?> Environment)
{
    public static CommandIo Process => new(Console.Out, Console.Error, System.Environment.GetEnvironmentVariable) { IsTerminal = static () => !Console.IsOutputRedirected };

    /// <summary>Whether <see cref="Out"/> is a terminal that a person looks at; asked when it matters.</summary>
    public Func<bool> IsTerminal { get; init; } = static () => false;

    /// <summary>Colours for a terminal, unless it or its user wants none (https://no-color.org).</summary>
    public Ink Ink => new(IsTerminal() && Environment("NO_COLOR") is null or { Length: 0 } && Environment("TERM") != "dumb");

    /// <summary>One line on standard error; a mistake in how a command was used or in what it was given.</summary>
    public int Fail(string line, int code = ExitCodes.Usage)
    {
        Error.WriteLine($"pillion: {line}");
        return code;
    }
}
