using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;
using Pillion.Proxy.Configuration.Balancing;

namespace Pillion.Proxy.Configuration.Native;

/// <summary><c>subsets:</c> of a service, whose subsets are made by the labels that routes ask for.</summary>
internal static class SubsetSettings
{
    private static readonly Registry<SubsetFallback> Fallbacks = new("choice")
    {
        { "none", SubsetFallback.None },
        { "any", SubsetFallback.Any },
        { "default", SubsetFallback.Default },
    };

    public static ClusterConfig Read(ConfigValue value, ClusterConfig cluster)
    {
        using var map = value.AsMap("subsets");
        var fallback = map.Optional("fallback", "Where a route asks for labels that no endpoint has: `none` answers 503, `any` sends to any endpoint, `default` to those of `default`.").AsOneOf(Fallbacks, SubsetFallback.None);
        var labels = map.Optional("default", "The labels of the endpoints for routes that ask for none; all endpoints when absent.");
        var defaults = Labels.Read(labels);
        if (!value.IsMap)
        {
            return cluster;
        }

        if (fallback == SubsetFallback.Default && defaults.IsEmpty)
        {
            map.Fail("falls back to a default that it does not have", "add default: { LABEL: VALUE }");
        }

        if (!defaults.IsEmpty && !cluster.Endpoints.Any(endpoint => endpoint.Labels.Contains(defaults)))
        {
            labels.Fail($"asks for {defaults}, which no endpoint has", "add the labels to an endpoint, or ask for others");
        }

        var config = new SubsetConfig { Fallback = fallback, WithoutLabels = defaults.IsEmpty ? SubsetFallback.Any : SubsetFallback.Default, Default = defaults };
        return cluster with { Balancing = cluster.Balancing with { Subsets = config } };
    }

    /// <summary>Adds what a route asks for to its service.</summary>
    public static ClusterConfig Add(ClusterConfig cluster, ValueList<string> keys)
    {
        var config = cluster.Balancing.Subsets ?? new() { WithoutLabels = SubsetFallback.Any };
        var selector = new SubsetSelector(keys);
        return config.Selectors.Contains(selector) ? cluster : cluster with { Balancing = cluster.Balancing with { Subsets = config with { Selectors = new([.. config.Selectors, selector]) } } };
    }
}
