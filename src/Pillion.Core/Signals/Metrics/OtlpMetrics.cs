using static Pillion.Core.Signals.Metrics.Metric<Pillion.Core.Signals.Metrics.OtlpMetrics>;

namespace Pillion.Core.Signals.Metrics;

/// <summary>The ledger of one signal towards one collector: every item was sent, waits, or is counted as dropped with its reason.</summary>
internal sealed class OtlpMetrics
{
    /// <summary>For the cells of no loop, which several exporters to one collector share; those of a loop are its own.</summary>
    public readonly Lock Shared = new();

    /// <summary>Dropped items by reason.</summary>
    public readonly LabelledCounts Dropped = new(8);

    /// <summary>Batches by what became of them.</summary>
    public readonly LabelledCounts Batches = new(8);

    public long ItemsSent;
    public long ItemsWaiting;
    public long BytesSent;
    public long Retries;

    public static IEnumerable<Metric<OtlpMetrics>> All { get; } =
    [
        Counter("items_sent", "Spans, log records or data points that the collector took", m => Volatile.Read(ref m.ItemsSent)) with { IsEnvoys = false },
        ByWord("items_dropped", "reason", "Spans, log records or data points that were lost, by reason", m => m.Dropped),
        Gauge("items_waiting", "Spans or bytes of log records that waited when the exporter last looked", m => Volatile.Read(ref m.ItemsWaiting)) with { IsEnvoys = false },
        Counter("bytes_sent", "Bytes of protobuf in batches that the collector took, before compression", m => Volatile.Read(ref m.BytesSent)) with { IsEnvoys = false },
        Counter("retries", "Batches sent again", m => Volatile.Read(ref m.Retries)) with { IsEnvoys = false },
        ByWord("batches", "outcome", "Batches by what became of them", m => m.Batches),
    ];
}
