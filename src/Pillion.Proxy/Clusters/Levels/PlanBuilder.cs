using Pillion.Proxy.Clusters.Balancing;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Configuration.Balancing;

namespace Pillion.Proxy.Clusters.Levels;

/// <summary>Makes the plan of a cluster's endpoints, each time they or their health have changed. Used under the publisher's lock.</summary>
internal sealed class PlanBuilder(ClusterConfig cluster)
{
    private readonly BalancingConfig _config = cluster.Balancing;
    private readonly SlowStart? _slowStart = cluster.Balancing.SlowStart is { } slow ? new(slow) : null;
    private readonly Dictionary<(LabelSet? Subset, int Priority, Locality? Locality), int> _slots = [];

    // Builds the tables; it picks nothing.
    private readonly IBalancer _balancer = Balancers.Create(cluster.Balancer, cluster.Balancing);

    /// <summary>It takes its time, so loops leave it to others.</summary>
    public bool IsSlow => _balancer.GoesByHash;

    public EndpointPlan Build(EndpointSet all)
    {
        var endpoints = all.AsSpan().ToArray();
        var whole = Levels(endpoints, subset: null);
        if (_config.Subsets is not { } config)
        {
            return new(all, whole, null);
        }

        var subsets = new Dictionary<LabelSet, PriorityLevels>();
        foreach (var selector in config.Selectors)
        {
            foreach (var labels in endpoints.Select(endpoint => endpoint.Labels.Only(selector.Keys)).OfType<LabelSet>().Distinct())
            {
                subsets.TryAdd(labels, Levels([.. endpoints.Where(endpoint => endpoint.Labels.Contains(labels))], labels));
            }
        }

        var defaults = config.Default.IsEmpty ? whole : subsets.GetValueOrDefault(config.Default) ?? Levels([.. endpoints.Where(endpoint => endpoint.Labels.Contains(config.Default))], config.Default);
        return new(all, whole, new(config, subsets, defaults));
    }

    private PriorityLevels Levels(Endpoint[] endpoints, LabelSet? subset)
    {
        var groups = endpoints.GroupBy(endpoint => endpoint.Priority).OrderBy(group => group.Key).Select(group => (Priority: group.Key, Endpoints: group.ToArray())).ToArray();
        var loads = PriorityLoads.Of([.. groups.Select(group => HealthOf(group.Endpoints))], _config.OverprovisioningPercent, _config.PanicPercent);
        return new([.. groups.Select((group, i) => Level(group.Priority, group.Endpoints, loads.Load[i], loads.InPanic[i], subset, isFirst: i == 0))], _balancer.GoesByHash);
    }

    private PriorityLevel Level(int priority, Endpoint[] endpoints, int load, bool inPanic, LabelSet? subset, bool isFirst)
    {
        Endpoint[] usable = !inPanic ? [.. endpoints.Where(endpoint => endpoint.IsUsable)] : _config.FailsOnPanic ? [] : endpoints;
        var weights = WeightsOf(endpoints);
        var whole = _balancer.GoesByHash && usable.Length < endpoints.Length ? new EndpointSet(endpoints, weights) : null;
        return new()
        {
            Priority = priority,
            Load = load,
            InPanic = inPanic,
            Usable = Set(usable, (subset, priority, null), weights is null || whole is null ? weights : [.. usable.Select(endpoint => weights[Array.IndexOf(endpoints, endpoint)])], whole),
            Localities = inPanic || _balancer.GoesByHash ? null : LocalitiesOf(priority, endpoints, subset, isFirst),
        };
    }

    private LocalityChoice? LocalitiesOf(int priority, Endpoint[] endpoints, LabelSet? subset, bool isFirst)
    {
        // Zones count only where requests go first (as in Envoy): what has failed over is glad of any.
        if (!_config.WeighsLocalities && (_config.Zones is null || !isFirst))
        {
            return null;
        }

        var localities = endpoints.GroupBy(endpoint => endpoint.Locality)
            .Select(group => (Locality: group.Key, All: group.ToArray(), Set: Set([.. group.Where(endpoint => endpoint.IsUsable)], (subset, priority, group.Key), null, null)))
            .ToArray();
        return _config.WeighsLocalities
            ? WeightedLocalities.Of(localities.Select(locality => (locality.Set, locality.All[0].LocalityWeight, HealthOf(locality.All))), _config.OverprovisioningPercent)
            : OwnZoneFirst.Of(_config.Zones!, [.. localities.Select(locality => (locality.Locality, locality.Set))]);
    }

    // A hash must not change its endpoint by the draw of a locality, so that localities' weights become part of their endpoints' weights.
    private double[]? WeightsOf(Endpoint[] endpoints)
    {
        if (!_config.WeighsLocalities || !_balancer.GoesByHash || endpoints.Sum(endpoint => endpoint.LocalityWeight) == 0)
        {
            return null;
        }

        var totals = endpoints.GroupBy(endpoint => endpoint.Locality).ToDictionary(group => group.Key, group => group.Sum(endpoint => (double)endpoint.Weight));
        return [.. endpoints.Select(endpoint => endpoint.LocalityWeight * endpoint.Weight / totals[endpoint.Locality])];
    }

    private EndpointSet Set(Endpoint[] endpoints, (LabelSet?, int, Locality?) place, double[]? weights, EndpointSet? whole)
    {
        if (!_slots.TryGetValue(place, out var slot))
        {
            _slots.Add(place, slot = _slots.Count);
        }

        var set = new EndpointSet(endpoints, weights, _slowStart) { Slot = slot, Whole = whole };
        _balancer.Prepare(set);
        return set;
    }

    private static LevelHealth HealthOf(Endpoint[] endpoints) => new(endpoints.Count(endpoint => endpoint.IsUsable), endpoints.Length);
}
