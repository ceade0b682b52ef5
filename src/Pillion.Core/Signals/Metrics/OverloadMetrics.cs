using Pillion.Core.Overload;
using static Pillion.Core.Signals.Metrics.Metric<Pillion.Core.Signals.Metrics.OverloadMetrics>;

namespace Pillion.Core.Signals.Metrics;

/// <summary>Memory against its ceiling, and what one loop gave up for it.</summary>
internal sealed class OverloadMetrics
{
    /// <summary>By what was given up.</summary>
    public readonly LabelledCounts Shed = new(8);

    public long Used;
    public long Ceiling;
    public OverloadActions Actions;

    public static IEnumerable<Metric<OverloadMetrics>> All { get; } =
    [
        Own("memory_used_bytes", "Memory in use, as it is held against the ceiling", m => Volatile.Read(ref m.Used)),
        Own("memory_ceiling_bytes", "The ceiling of memory; 0 is none", m => Volatile.Read(ref m.Ceiling)),
        .. OverloadWords.All.Select(one => Own("active", "1 while this is given up", m => (m.Actions & one.Action) != 0 ? 1 : 0) with { Label = "action", LabelValue = one.Word, DottedName = $"{one.Word}.active" }),
        ByWord("shed", "what", "What was given up for want of memory", m => m.Shed) with { IsEnvoys = false },
    ];

    private static Metric<OverloadMetrics> Own(string name, string help, Func<OverloadMetrics, double> value) => Gauge(name, help, value) with { IsEnvoys = false };
}
