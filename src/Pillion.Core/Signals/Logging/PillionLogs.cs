using Microsoft.Extensions.Logging;

namespace Pillion.Core.Signals.Logging;

/// <summary>
/// Pillion's own log: makes the loggers that the source-generated messages write to. Text lines on standard error unless told otherwise:
/// <c>2026-11-23T10:00:00.000Z info  listener inbound bound to 127.0.0.1:15006</c>.
/// </summary>
internal sealed class PillionLogs(LogLevels levels, LogLayout layout, LogWriter writer, TimeProvider time) : ILoggerFactory
{
    public LogLevels Levels { get; } = levels;

    /// <summary>A logger for a feature, by a short lower-case name.</summary>
    public ILogger CreateLogger(string categoryName) => new CategoryLogger(categoryName, Levels.Of(categoryName), layout, writer, time);

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException("Pillion's log has one output");

    public void Dispose() => writer.Dispose();
}
