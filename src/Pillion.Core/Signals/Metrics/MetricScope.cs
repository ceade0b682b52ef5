namespace Pillion.Core.Signals.Metrics;

/// <summary>A kind of thing that is counted (listener, cluster, …), whatever its cells are.</summary>
internal abstract class MetricScope(string name, string label, string envoyLabel, string? ownPrefix, string? secondLabel = null)
{
    /// <summary>Envoy's name of the scope, the first word in dots.</summary>
    public string Name { get; } = name;

    /// <summary>The label that names the owner; empty when there is one owner only.</summary>
    public string Label { get; } = label;

    public string EnvoyLabel { get; } = envoyLabel;

    /// <summary>The label of the second half of an owner's name, where it has two; see <see cref="TwoNames"/>.</summary>
    public string? SecondLabel { get; } = secondLabel;

    /// <summary>What Pillion's own names of this scope begin with.</summary>
    public string OwnPrefix { get; } = ownPrefix ?? $"pillion_{name}_";

    /// <summary>An owner that is known by two names, such as a route within its virtual host.</summary>
    public static string TwoNames(string first, string second) => $"{first}\n{second}";

    /// <summary>The labels that name an owner.</summary>
    public IEnumerable<(string Label, string Value)> Labels(string owner, bool envoy)
    {
        if (Label.Length == 0)
        {
            yield break;
        }

        var label = envoy ? EnvoyLabel : Label;
        var split = SecondLabel is null ? -1 : owner.IndexOf('\n');
        yield return (label, split < 0 ? owner : owner[..split]);
        if (SecondLabel is not null)
        {
            // All that found no room are one owner, in either name.
            yield return (SecondLabel, split < 0 ? owner : owner[(split + 1)..]);
        }
    }

    /// <summary>Every family of the scope, in its fixed order, also those without a series.</summary>
    /// <param name="usedOnly">Leave out what has never been anything but zero.</param>
    public abstract IEnumerable<MetricFamily> Collect(bool usedOnly);
}
