using Pillion.Proxy.Upstreams;

namespace Pillion.Admin;

/// <summary>Takes down how a running cluster stands now.</summary>
internal static class ClusterViews
{
    public static ClusterView Of(Cluster cluster)
    {
        var endpoints = new List<EndpointView>();
        var current = cluster.Endpoints.All;
        for (var i = 0; i < current.Count; i++)
        {
            var endpoint = current[i];
            endpoints.Add(new EndpointView(endpoint.Text, endpoint.Weight, !endpoint.IsRemoved && endpoint is { IsUnhealthy: false, IsEjected: false }, endpoint.ActiveRequests));
        }

        return new ClusterView(cluster.Name, Words(cluster.Config.Discovery.ToString()), cluster.Config.Balancer, endpoints) { Problem = cluster.Endpoints.LookupError };
    }

    // StrictDns → strict_dns, as the configuration has it.
    private static string Words(string name) =>
        string.Concat(name.Select((c, i) => char.IsAsciiLetterUpper(c) ? (i > 0 ? "_" : "") + char.ToLowerInvariant(c) : c.ToString()));
}
