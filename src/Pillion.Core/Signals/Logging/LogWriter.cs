using System.Collections.Concurrent;

namespace Pillion.Core.Signals.Logging;

/// <summary>
/// Takes finished lines from any thread and writes them on one of its own, so that a loop is never held up by a slow terminal or pipe. Bounded:
/// when it cannot keep up, lines are dropped and the next one that fits says how many.
/// </summary>
internal sealed class LogWriter : IDisposable
{
    public const int DefaultCapacity = 8192;

    private readonly BlockingCollection<byte[]> _lines;
    private readonly Stream _output;
    private readonly Thread _thread;
    private long _dropped;
    private long _droppedTotal;

    public LogWriter(Stream output, int capacity = DefaultCapacity)
    {
        _output = output;
        _lines = new(capacity);
        _thread = new Thread(Run) { IsBackground = true, Name = "pillion-messages" };
        _thread.Start();
    }

    /// <summary>Lines that found no room.</summary>
    public long Dropped => Interlocked.Read(ref _droppedTotal);

    /// <summary>Lines dropped since this was last asked, so that it can be told.</summary>
    public long TakeDropped() => Interlocked.Exchange(ref _dropped, 0);

    public void Write(byte[] line)
    {
        try
        {
            if (_lines.TryAdd(line))
            {
                return;
            }
        }
        catch (InvalidOperationException)
        {
            // The program is ending and the queue is closed.
        }

        Interlocked.Increment(ref _dropped);
        Interlocked.Increment(ref _droppedTotal);
    }

    /// <summary>Writes what waits and ends; a reader that takes nothing is given up on after a second.</summary>
    public void Dispose()
    {
        _lines.CompleteAdding();
        if (_thread.Join(TimeSpan.FromSeconds(1)))
        {
            _lines.Dispose();
        }
    }

    private void Run()
    {
        foreach (var line in _lines.GetConsumingEnumerable())
        {
            try
            {
                _output.Write(line);
                _output.Flush();
            }
            catch (IOException)
            {
                // Nobody reads our standard error any more; there is nowhere left to say so but the count.
                Interlocked.Increment(ref _droppedTotal);
            }
        }
    }
}
