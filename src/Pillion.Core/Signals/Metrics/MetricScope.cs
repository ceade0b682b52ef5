namespace Pillion.Core.Signals.Metrics;

/// <summary>A kind of thing that is counted (listener, cluster, …), whatever its cells are.</summary>
internal abstract class MetricScope(string name, string label, string envoyLabel, string? ownPrefix)
{
    /// <summary>Envoy's name of the scope, the first word in dots.</summary>
    public string Name { get; } = name;

    /// <summary>The label that names the owner; empty when there is one owner only.</summary>
    public string Label { get; } = label;

    public string EnvoyLabel { get; } = envoyLabel;

    /// <summary>What Pillion's own names of this scope begin with.</summary>
    public string OwnPrefix { get; } = ownPrefix ?? $"pillion_{name}_";

    /// <summary>Every family of the scope, in its fixed order, also those without a series.</summary>
    /// <param name="usedOnly">Leave out what has never been anything but zero.</param>
    public abstract IEnumerable<MetricFamily> Collect(bool usedOnly);
}
