namespace Pillion.Core.Signals.Metrics;

/// <summary>What one loop counts of one filter.</summary>
internal sealed class FilterMetrics
{
    /// <summary>By the word of the verdict: <c>allowed</c>, <c>denied</c>, <c>limited</c>, …</summary>
    public readonly LabelledCounts Verdicts = new(16);

    /// <summary>Requests that a rule of the filter decided on, by the rule's name.</summary>
    public readonly LabelledCounts Rules = new(128);

    public static IEnumerable<Metric<FilterMetrics>> All { get; } =
    [
        Metric<FilterMetrics>.ByWord("verdict", "verdict", "Requests that a filter looked at, by what it said", m => m.Verdicts),
        Metric<FilterMetrics>.ByWord("rule", "rule", "Requests that a rule of the filter decided on, by rule", m => m.Rules),
    ];
}
