namespace Pillion.Rehearsing;

/// <summary>Requests of which the same is said: how many, and the first of them.</summary>
/// <param name="To">Empty for what was not judged.</param>
/// <param name="Example">Method, host and target, secrets in parameters left out.</param>
internal sealed class RehearsalGroup(string from, string to, long line, string example)
{
    public string From => from;

    public string To => to;

    public long Count { get; set; }

    public long Line => line;

    public string Example => example;

    /// <summary>The line of the new configuration that says so.</summary>
    public string? Source { get; init; }
}
