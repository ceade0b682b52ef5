namespace Pillion.Core.Signals.Metrics;

/// <summary>The metrics about the metrics.</summary>
internal sealed class RegistryMetrics
{
    public Func<long> FoldedOwners { get; set; } = () => 0;

    public static IEnumerable<Metric<RegistryMetrics>> All { get; } =
    [
        new()
        {
            Name = "folded_owners", Kind = MetricKind.Counter, IsEnvoys = false, Value = m => m.FoldedOwners(),
            Help = "Requests for cells by owners beyond the limit; they are counted together under _overflow",
        },
    ];
}
