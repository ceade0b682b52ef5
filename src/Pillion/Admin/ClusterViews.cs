using Pillion.Proxy.Clusters;
using Pillion.Proxy.Clusters.Levels;
using Pillion.Proxy.Upstreams;

namespace Pillion.Admin;

/// <summary>Takes down how a running cluster stands now.</summary>
internal static class ClusterViews
{
    public static ClusterView Of(Cluster cluster)
    {
        var endpoints = new List<EndpointView>();
        var plan = cluster.Endpoints.Plan;
        var current = plan.All;
        var places = PlacesOf(plan.Whole);
        for (var i = 0; i < current.Count; i++)
        {
            var endpoint = current[i];
            endpoints.Add(new EndpointView(endpoint.Text, endpoint.Weight, !endpoint.IsRemoved && endpoint.IsUsable, endpoint.ActiveRequests)
            {
                Priority = endpoint.Priority,
                Locality = endpoint.Locality.ToString(),
                Labels = endpoint.Labels.ToString(),
                Places = places.TryGetValue(endpoint, out var count) ? count : null,
            });
        }

        return new ClusterView(cluster.Name, Words(cluster.Config.Discovery.ToString()), cluster.Config.Balancer, endpoints) 
        {
            Problem = cluster.Endpoints.LookupError,
            Priorities = [.. plan.Whole.All.Select(level => new PriorityView(level.Priority, level.Load, level.InPanic))],
        };
    }

    private static Dictionary<Endpoint, int> PlacesOf(PriorityLevels levels)
    {
        var places = new Dictionary<Endpoint, int>();
        foreach (var set in levels.All.Select(level => level.Usable))
        {
            var counts = set.Table?.CountPlaces(set.Count) ?? [];
            for (var i = 0; i < counts.Length; i++)
            {
                places[set[i]] = counts[i];
            }
        }

        return places;
    }

    // StrictDns → strict_dns, as the configuration has it.
    private static string Words(string name) =>
        string.Concat(name.Select((c, i) => char.IsAsciiLetterUpper(c) ? (i > 0 ? "_" : "") + char.ToLowerInvariant(c) : c.ToString()));
}
