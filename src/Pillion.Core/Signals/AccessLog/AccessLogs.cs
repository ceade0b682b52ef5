using Microsoft.Extensions.Logging;
using Pillion.Core.Signals.Metrics;

namespace Pillion.Core.Signals.AccessLog;

/// <summary>
/// All access logs of the program and the one thread that writes them. Loggers of the same path share its file, whatever their formats; a
/// reload that names the path again goes on in the same one.
/// </summary>
internal sealed class AccessLogs : IDisposable
{
    /// <summary>Bytes that may wait per path and loop: at 300 bytes a line, 3,500 lines.</summary>
    public const int DefaultCapacity = 1024 * 1024;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, LogDestination> _destinations = new(StringComparer.Ordinal);
    private readonly AutoResetEvent _wake = new(false);
    private readonly MetricRegistry _metrics;
    private readonly ILogger _logger;
    private readonly int _loops;
    private readonly int _capacity;
    private readonly TimeSpan _interval;
    private readonly Func<string, ILineSink> _open;
    private Thread? _writer;
    private volatile bool _stopping;
    private volatile bool _reopen;

    /// <param name="interval">The longest time that a line waits, one second unless told otherwise.</param>
    /// <param name="open">How a path is opened; tests give a sink of their own.</param>
    public AccessLogs(
        int loops,
        MetricRegistry metrics,
        ILogger logger,
        int capacity = DefaultCapacity,
        TimeSpan? interval = null,
        Func<string, ILineSink>? open = null)
    {
        _loops = loops;
        _metrics = metrics;
        _logger = logger;
        _capacity = capacity;
        _interval = interval ?? TimeSpan.FromSeconds(1);
        _open = open ?? Open;
    }

    /// <summary>Opens a path while a configuration is prepared, so that one that cannot be written is a mistake of the configuration.</summary>
    /// <returns>What is in the way, or null.</returns>
    public string? TryOpen(string path)
    {
        lock (_lock)
        {
            return DestinationUnderLock(path).TryOpen();
        }
    }

    /// <summary>A logger for one loop; <paramref name="format"/> must not be shared with another loop.</summary>
    public AccessLogger Logger(string path, LogFormat format, int loop)
    {
        lock (_lock)
        {
            return new AccessLogger(format, DestinationUnderLock(path).Ring(loop), _metrics.AccessLogs.Cells(path, loop), _wake);
        }
    }

    /// <summary>Says which paths the configuration names now; the files of the others are closed. A late line of an old request opens its file again.</summary>
    public void Retain(IReadOnlySet<string> live)
    {
        lock (_lock)
        {
            foreach (var destination in _destinations.Values.Where(d => !live.Contains(d.Path)))
            {
                destination.Drain();
                destination.Close();
            }
        }

        _metrics.AccessLogs.Retain(live);
    }

    /// <summary>Starts the writer.</summary>
    public void Start()
    {
        // A thread of its own: a disk that hangs must hold up nothing else, and must not keep the process from ending.
        _writer = new Thread(Run) { IsBackground = true, Name = "pillion-log" };
        _writer.Start();
    }

    /// <summary>Opens every file again by its name, after logrotate has moved it (SIGUSR1). Returns at once.</summary>
    public void Reopen()
    {
        _reopen = true;
        _wake.Set();
    }

    /// <summary>Writes what waits now, on this thread.</summary>
    public void Flush()
    {
        lock (_lock)
        {
            var reopen = _reopen;
            _reopen = false;
            foreach (var destination in _destinations.Values)
            {
                if (reopen)
                {
                    destination.Reopen();
                }
                else
                {
                    destination.Drain();
                }
            }
        }
    }

    /// <summary>Writes the last lines and ends; call it when the loops have stopped. False when the disk or pipe did not take them in time.</summary>
    public bool Stop(TimeSpan patience)
    {
        _stopping = true;
        _wake.Set();
        return _writer is null || _writer.Join(patience);
    }

    public void Dispose()
    {
        // A writer that hangs in the system still holds the lock and the event: both are left to it.
        if (!Stop(TimeSpan.FromSeconds(1)))
        {
            return;
        }

        Flush();
        foreach (var destination in _destinations.Values)
        {
            destination.Dispose();
        }

        _wake.Dispose();
    }

    private static ILineSink Open(string path) => path switch
    {
        "/dev/stdout" => new StreamSink(Console.OpenStandardOutput()),
        "/dev/stderr" => new StreamSink(Console.OpenStandardError()),
        _ => FileSink.Open(path),
    };

    private void Run()
    {
        while (!_stopping)
        {
            if (!IsBehind())
            {
                _wake.WaitOne(_interval);
            }

            Flush();
        }

        // Once more: what came between the last flush and the word to stop.
        Flush();
    }

    private bool IsBehind()
    {
        lock (_lock)
        {
            return _destinations.Values.Any(destination => destination.IsBehind);
        }
    }

    private LogDestination DestinationUnderLock(string path)
    {
        if (!_destinations.TryGetValue(path, out var destination))
        {
            destination = new LogDestination(path, _loops, _capacity, () => _open(path), _metrics.AccessLogs.Cells(path, _metrics.OffLoop), _logger);
            _destinations.Add(path, destination);
        }

        return destination;
    }
}
