namespace Pillion.Core.Signals.Metrics;

/// <summary>One value of a family.</summary>
/// <param name="Owner">The listener, cluster, … that is counted; empty when the scope has one owner only.</param>
/// <param name="DottedName">The name in dots, behind scope and owner.</param>
/// <param name="Buckets">For a histogram: the samples in each bucket of <see cref="DurationHistogram.Bounds"/> and above.</param>
/// <param name="SumMicros">For a histogram: the sum of all samples.</param>
internal sealed record MetricSeries(
    string Owner,
    string? Label,
    string? LabelValue,
    string DottedName,
    double Value,
    long[]? Buckets = null,
    long SumMicros = 0)
{
    /// <summary>For a histogram: the same samples in exponential buckets.</summary>
    public NativeHistogram? Native { get; init; }

    /// <summary>For a histogram: an example of each bucket; null where nothing of it was traced.</summary>
    public Exemplar[]? Exemplars { get; init; }

    public long Samples => Buckets?.Sum() ?? 0;
}
