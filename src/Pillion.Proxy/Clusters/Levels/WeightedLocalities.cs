using Pillion.Core.Signals.Metrics;

namespace Pillion.Proxy.Clusters.Levels;

/// <summary>Localities by their weights; one that has lost endpoints has less, from where its rest can no longer bear all (Envoy: locality weighted balancing).</summary>
internal sealed class WeightedLocalities : LocalityChoice
{
    private readonly EndpointSet[] _sets;
    private readonly double[] _upTo;

    private WeightedLocalities(EndpointSet[] sets, double[] upTo)
    {
        _sets = sets;
        _upTo = upTo;
    }

    public override IEnumerable<EndpointSet> Sets => _sets;

    /// <summary>Null where no locality has both a weight and an endpoint that may be used.</summary>
    public static WeightedLocalities? Of(IEnumerable<(EndpointSet Set, int Weight, LevelHealth Health)> localities, int overprovisioning)
    {
        var sets = new List<EndpointSet>();
        var upTo = new List<double>();
        foreach (var (set, weight, health) in localities)
        {
            var effective = weight * Math.Min(1, overprovisioning / 100.0 * health.Usable / health.Total);
            if (effective > 0)
            {
                sets.Add(set);
                upTo.Add(upTo.LastOrDefault() + effective);
            }
        }

        return sets.Count == 0 ? null : new([.. sets], [.. upTo]);
    }

    public override EndpointSet Choose(Random random, ClusterMetrics metrics)
    {
        var drawn = random.NextDouble() * _upTo[^1];
        var at = 0;
        while (at < _upTo.Length - 1 && drawn >= _upTo[at])
        {
            at++;
        }

        return _sets[at];
    }
}
