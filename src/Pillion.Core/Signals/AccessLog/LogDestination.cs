using Microsoft.Extensions.Logging;
using Pillion.Core.Signals.Metrics;

namespace Pillion.Core.Signals.AccessLog;

/// <summary>
/// One path that lines go to: a ring from each loop, the sink behind them, and the ledger. Everything but the rings' producer ends is used
/// under the writer's lock.
/// </summary>
internal sealed partial class LogDestination : IDisposable
{
    /// <summary>Why a line was not written; label values.</summary>
    public const string QueueFull = "queue_full";
    public const string TooLong = "too_long";
    public const string WriteError = "write_error";

    private readonly LineRing[] _rings;
    private readonly Func<ILineSink> _open;
    private readonly AccessLogMetrics _metrics;
    private readonly ILogger _logger;
    private ILineSink? _sink;
    private bool _failing;
    private long _lostWhileFailing;

    public LogDestination(string path, int loops, int capacity, Func<ILineSink> open, AccessLogMetrics metrics, ILogger logger)
    {
        Path = path;
        _rings = [.. Enumerable.Range(0, loops).Select(_ => new LineRing(capacity))];
        _open = open;
        _metrics = metrics;
        _logger = logger;
    }

    public string Path { get; }

    /// <summary>A ring has filled beyond its first quarter while it was written: its loop's signal may have been used up by that write.</summary>
    public bool IsBehind => Array.Exists(_rings, ring => ring.Waiting >= ring.Capacity / 4);

    public LineRing Ring(int loop) => _rings[loop];

    /// <summary>Opens the sink when it is not open; what is in the way is returned.</summary>
    public string? TryOpen()
    {
        try
        {
            _sink ??= _open();
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            return e.Message;
        }
    }

    /// <summary>Closes the sink; the next line opens it again, by its name, so that a file moved away is left and a new one begun.</summary>
    public void Close()
    {
        _sink?.Dispose();
        _sink = null;
    }

    public void Reopen()
    {
        Drain();
        Close();
        if (TryOpen() is { } error)
        {
            Failed(error, 0);
        }

        _metrics.Reopened++;
    }

    /// <summary>Writes what waits in every ring, or counts it as lost.</summary>
    public void Drain()
    {
        foreach (var ring in _rings)
        {
            var (first, second) = ring.Peek();
            if (first.IsEmpty)
            {
                continue;
            }

            var error = TryOpen();
            var written = error is null ? _sink!.Write(first, second, out error) : 0;
            _metrics.LinesWritten += written;
            if (error is null)
            {
                Succeeded();
            }
            else
            {
                Failed(error, FileSink.Lines(first.Span) + FileSink.Lines(second.Span) - written);
            }

            // Taken in either case: lines are kept in bounded memory, and the newest are worth more than the oldest.
            ring.Take(first.Length + second.Length);
        }
    }

    public void Dispose() => Close();

    // Said once, not once a second; the count says how bad it is.
    private void Failed(string error, long lost)
    {
        _metrics.WriteErrors++;
        if (lost > 0)
        {
            _metrics.Drop(WriteError, lost);
        }

        _lostWhileFailing += lost;
        if (!_failing)
        {
            _failing = true;
            LogFailing(_logger, Path, error);
        }
    }

    private void Succeeded()
    {
        if (_failing)
        {
            _failing = false;
            LogRecovered(_logger, Path, _lostWhileFailing);
            _lostWhileFailing = 0;
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "access log {Path} cannot be written: {Error}; its lines are dropped and counted until it can")]
    private static partial void LogFailing(ILogger logger, string path, string error);

    [LoggerMessage(Level = LogLevel.Warning, Message = "access log {Path} is written again; {Lost} lines were lost")]
    private static partial void LogRecovered(ILogger logger, string path, long lost);
}
