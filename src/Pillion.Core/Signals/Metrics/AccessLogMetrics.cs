using static Pillion.Core.Signals.Metrics.Metric<Pillion.Core.Signals.Metrics.AccessLogMetrics>;

namespace Pillion.Core.Signals.Metrics;

/// <summary>The ledger of one access log: every line is written or counted as dropped with its reason.</summary>
internal sealed class AccessLogMetrics
{
    /// <summary>Dropped lines by reason.</summary>
    public readonly LabelledCounts Dropped = new(8);

    public long LinesWritten;
    public long LinesDropped;
    public long WriteErrors;
    public long Reopened;

    public static IEnumerable<Metric<AccessLogMetrics>> All { get; } =
    [
        Own("lines_written", "Lines written", m => Volatile.Read(ref m.LinesWritten)),
        ByWord("lines_dropped", "reason", "Lines dropped, by reason", m => m.Dropped),
        Own("write_errors", "Writes that failed", m => Volatile.Read(ref m.WriteErrors)),
        Own("reopened", "Times the file was opened again", m => Volatile.Read(ref m.Reopened)),
    ];

    public void Drop(string reason, long lines)
    {
        LinesDropped += lines;
        Dropped.Count(reason, lines);
    }

    private static Metric<AccessLogMetrics> Own(string name, string help, Func<AccessLogMetrics, double> value) =>
        Counter(name, help, value) with { IsEnvoys = false };
}
