using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;
using Pillion.Proxy.Configuration.Balancing;

namespace Pillion.Proxy.Configuration.Envoy;

/// <summary>The names of one file: given once each, and referred to before or after.</summary>
internal sealed class EnvoyScope
{
    private readonly HashSet<string> _clusters = [];
    private readonly HashSet<string> _listeners = [];
    private readonly List<ConfigValue> _references = [];

    /// <summary>Generic secrets by their names; read before all that refers to them.</summary>
    public Dictionary<string, Core.Identity.Secrets.SecretPart> Secrets { get; } = new(StringComparer.Ordinal);
    /// <summary>Where we run, in files that also say who else does (node.locality and cluster_manager.local_cluster_name); else null.</summary>
    public Locality? OwnLocality { get; set; }
    /// <summary>Whom the sidecar stands beside, where the node says so: what is told to collectors is of that service.</summary>
    public string Workload { get; set; } = "";

    public string Cluster(ConfigValue value) => Distinct(value, _clusters, "cluster");

    public string Listener(ConfigValue value) => Distinct(value, _listeners, "listener");

    /// <summary>A cluster that must exist when the file has been read.</summary>
    public void ReferToCluster(ConfigValue value) => _references.Add(value);

    public void CheckReferences()
    {
        foreach (var reference in _references)
        {
            if (reference.IsText && !_clusters.Contains(reference.Text))
            {
                reference.FailText("is not a cluster of this file", NearestName.Of(reference.Text, _clusters) is { } nearest
                    ? $"did you mean '{nearest}'?"
                    : "add it to static_resources.clusters");
            }
        }
    }

    private static string Distinct(ConfigValue value, HashSet<string> names, string kind)
    {
        var name = value.AsText();
        if (value.IsText && !names.Add(name))
        {
            value.FailText($"is the name of another {kind} too", "give each its own name");
        }

        return name;
    }
}
