using Pillion.Proxy.Configuration;

namespace Pillion.Comparing;

/// <summary>Clusters that come, go or are made anew.</summary>
internal static class ClusterDiff
{
    private const string Anew =
        "It is made anew: requests under way end on the old connections, new ones open new connections, and what is counted at one time (retry budgets, limits) begins at zero. What health checks and DNS found of endpoints that stay is kept.";

    public static IEnumerable<Consequence> Of(ProxyConfig old, ProxyConfig now)
    {
        var names = now.Clusters.ToDictionary(cluster => cluster.Name);
        foreach (var before in old.Clusters)
        {
            if (!names.TryGetValue(before.Name, out var after))
            {
                yield return new(ChangeKind.Removed, "cluster", before.Name, "Its idle connections are closed at once, the others after their request.") { Old = before.Source };
            }
            else if (before != after)
            {
                yield return MeaningDiff.Changed("cluster", before.Name, before, after, before.Source, after.Source, Anew);
            }
        }

        foreach (var added in now.Clusters.Where(cluster => old.Clusters.All(other => other.Name != cluster.Name)))
        {
            yield return new(ChangeKind.Added, "cluster", added.Name, "Its names are looked up before the file is taken, for up to 5 s.") { New = added.Source };
        }
    }
}
