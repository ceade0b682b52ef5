namespace Pillion.Core.Signals.Metrics;

/// <summary>One metric of a scope: what it is called, what it means and where its value lies in the cells.</summary>
internal sealed record Metric<TCells>
{
    /// <summary>Envoy's name behind the scope, such as <c>upstream_rq_total</c>; our own where Envoy has none.</summary>
    public required string Name { get; init; }

    public required MetricKind Kind { get; init; }

    /// <summary>One sentence without a full stop.</summary>
    public required string Help { get; init; }

    /// <summary>Reads a counter or a gauge.</summary>
    public Func<TCells, double>? Value { get; init; }

    public Func<TCells, DurationHistogram>? Histogram { get; init; }

    /// <summary>Reads counters whose label values are found while running.</summary>
    public Func<TCells, LabelledCounts>? Labelled { get; init; }

    /// <summary>A label beside the scope's own, such as <c>code_class</c>; metrics of the same name stand next to each other.</summary>
    public string? Label { get; init; }

    public string? LabelValue { get; init; }

    /// <summary>How Envoy writes the metric in dots when the label is folded into the name, such as <c>upstream_rq_2xx</c>.</summary>
    public string? DottedName { get; init; }

    /// <summary>The name in Pillion's own naming where the rules of <see cref="MetricFamily"/> would not make it, such as one with its unit.</summary>
    public string? OwnName { get; init; }

    /// <summary>False when Envoy has no such metric: it then keeps Pillion's name under every naming.</summary>
    public bool IsEnvoys { get; init; } = true;

    public static Metric<TCells> Counter(string name, string help, Func<TCells, double> value) =>
        new() { Name = name, Kind = MetricKind.Counter, Help = help, Value = value };

    public static Metric<TCells> Gauge(string name, string help, Func<TCells, double> value) =>
        new() { Name = name, Kind = MetricKind.Gauge, Help = help, Value = value };

    /// <summary>A histogram; in Pillion's naming <c>_time</c> reads <c>_duration_seconds</c>.</summary>
    public static Metric<TCells> Duration(string name, string help, Func<TCells, DurationHistogram> histogram) =>
        new() { Name = name, Kind = MetricKind.Histogram, Help = help, Histogram = histogram };

    /// <summary>The five classes of status, as Envoy counts them.</summary>
    public static IEnumerable<Metric<TCells>> Classes(string prefix, string help, Func<TCells, StatusClasses> classes) =>
        Enumerable.Range(1, 5).Select(c => new Metric<TCells>
        {
            Name = prefix + "_xx",
            Kind = MetricKind.Counter,
            Help = help,
            Value = cells => classes(cells).Of(c),
            Label = "code_class",
            LabelValue = $"{c}xx",
            DottedName = $"{prefix}_{c}xx",
        });

    /// <summary>Counters by a word, such as the kind of failure.</summary>
    public static Metric<TCells> ByWord(string name, string label, string help, Func<TCells, LabelledCounts> counts) =>
        new() { Name = name, Kind = MetricKind.Counter, Help = help, Labelled = counts, Label = label, IsEnvoys = false };
}
