using Microsoft.Extensions.Logging;

namespace Pillion.Tests.Support;

/// <summary>Keeps what is logged, for a test to look at.</summary>
internal sealed class CollectedLogger : ILogger
{
    public List<(LogLevel Level, string Text)> Lines { get; } = [];

    /// <summary>Errors, with the exception's own text: bugs that a request survived.</summary>
    public IEnumerable<string> Errors => Lines.Where(line => line.Level >= LogLevel.Error).Select(line => line.Text);

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        lock (Lines)
        {
            Lines.Add((logLevel, exception is null ? formatter(state, exception) : $"{formatter(state, exception)}: {exception}"));
        }
    }
}
