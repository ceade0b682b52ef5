namespace Pillion.Commands;

/// <summary>What a command speaks to and reads from, so that a test can stand in.</summary>
internal sealed record CommandIo(TextWriter Out, TextWriter Error, Func<string, string?> Environment)
{
    public static CommandIo Process => new(Console.Out, Console.Error, System.Environment.GetEnvironmentVariable);

    /// <summary>One line on standard error; a mistake in how a command was used or in what it was given.</summary>
    public int Fail(string line, int code = ExitCodes.Usage)
    {
        Error.WriteLine($"pillion: {line}");
        return code;
    }
}
