using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;
using Pillion.Proxy.Clusters.Levels;
using Pillion.Proxy.Configuration.Balancing;

namespace Pillion.Proxy.Configuration.Native;

/// <summary>The names that <c>to:</c> may give, checked once all are known: a route may name a service written further down.</summary>
internal sealed class RouteTargets
{
    private readonly List<string> _names = [];
    private readonly List<(string Name, ConfigValue At)> _references = [];
    private readonly List<(ConfigValue Value, string Service, LabelSet Labels)> _labels = [];

    public void Add(string name) => _names.Add(name);

    public bool Has(string name) => _names.Contains(name);

    public void Refer(ConfigValue value) => Refer(value.Text, value);

    /// <param name="at">Where the name stands, or what it is the key of.</param>
    public void Refer(string name, ConfigValue at)
    {
        // What is no text was told already.
        if (!at.IsDescribing && name.Length > 0)
        {
            _references.Add((name, at));
        }
    }

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
        foreach (var (name, at) in _references)
        {
            if (!_names.Contains(name))
            {
                at.Fail($"{ConfigError.Quote(name)} is not a service", NearestName.Of(name, _names) is { } nearest
                    ? $"did you mean '{nearest}'?"
                    : _names.Count == 0 ? "add it to outbound.services" : $"add it to outbound.services or use one of {string.Join(", ", _names.Take(10))}");
            }
        }
    }
}
