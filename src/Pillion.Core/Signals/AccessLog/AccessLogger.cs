using Pillion.Core.Signals.Metrics;
using Pillion.Net.Http;

namespace Pillion.Core.Signals.AccessLog;

/// <summary>Writes the lines of one access log for one loop; see <see cref="AccessLogs.Logger"/>.</summary>
internal sealed class AccessLogger(LogFormat format, LineRing ring, AccessLogMetrics metrics, AutoResetEvent wake)
{
    private readonly LineBuffer _line = new();

    /// <summary>Formats the line and leaves it for the writer. Never waits: without room the line is dropped and counted.</summary>
    public void Write(RequestRecord record, RequestHead? request, ResponseHead? response, FieldList? trailers = null)
    {
        _line.Clear();
        format.Write(_line, new LogExchange(record, request, response, trailers));
        var line = _line.Written;
        if (!ring.TryAdd(line))
        {
            metrics.Drop(line.Length > ring.Capacity ? LogDestination.TooLong : LogDestination.QueueFull, 1);
            return;
        }

        // Once as each quarter of the ring fills, and not for each line: waking a thread costs more than a line.
        var waiting = ring.Waiting;
        var quarter = ring.Capacity / 4;
        if (waiting / quarter != (waiting - line.Length) / quarter)
        {
            wake.Set();
        }
    }
}
