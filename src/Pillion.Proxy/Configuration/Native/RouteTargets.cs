using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;
using Pillion.Proxy.Clusters.Levels;
using Pillion.Proxy.Configuration.Balancing;

namespace Pillion.Proxy.Configuration.Native;

/// <summary>The names that <c>to:</c> may give, checked once all are known: a route may name a service written further down.</summary>
internal sealed class RouteTargets
{
    private readonly List<string> _names = [];
    private readonly List<ConfigValue> _references = [];
    private readonly List<(ConfigValue Value, string Service, LabelSet Labels)> _labels = [];

    public void Add(string name) => _names.Add(name);

    public void Refer(ConfigValue value) => _references.Add(value);

    /// <summary>A route wants the endpoints of a service that have these labels.</summary>
    public void AskFor(ConfigValue value, string service, LabelSet labels) => _labels.Add((value, service, labels));

    /// <summary>Divides the services by the labels that routes ask for.</summary>
    public void Divide(List<ClusterConfig> clusters)
    {
        foreach (var (value, service, labels) in _labels)
        {
            var index = clusters.FindIndex(cluster => cluster.Name == service);
            if (index < 0)
            {
                continue;
            }

            clusters[index] = SubsetSettings.Add(clusters[index], labels.Keys);
            if (clusters[index].Balancing.Subsets!.Fallback == SubsetFallback.None && !clusters[index].Endpoints.Any(endpoint => endpoint.Labels.Contains(labels)))
            {
                value.Fail($"asks for {labels}, which no endpoint of {service} has", "add the labels to an endpoint, or say subsets: { fallback: any }");
            }
        }
    }

    public void Check()
    {
        foreach (var reference in _references)
        {
            if (!_names.Contains(reference.Text))
            {
                reference.FailText("is not a service", NearestName.Of(reference.Text, _names) is { } nearest
                    ? $"did you mean '{nearest}'?"
                    : _names.Count == 0 ? "add it to outbound.services" : $"add it to outbound.services or use one of {string.Join(", ", _names.Take(10))}");
            }
        }
    }
}
