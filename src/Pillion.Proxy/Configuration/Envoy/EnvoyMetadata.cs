using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;
using Pillion.Proxy.Clusters.Levels;

namespace Pillion.Proxy.Configuration.Envoy;

/// <summary>Metadata, of which the balancers read what stands under <c>envoy.lb</c>: labels.</summary>
internal static class EnvoyMetadata
{
    private const string Balancing = "envoy.lb";

    public static LabelSet Read(ConfigValue value)
    {
        var labels = LabelSet.None;
        using var map = value.AsMap("Metadata");
        map.Optional("filter_metadata").AsNamed("FILTER", (name, item) =>
        {
            if (name == Balancing || item.IsDescribing)
            {
                labels = ReadStruct(item);
            }
            else
            {
                item.Fail($"{ConfigError.Quote(name)} is metadata that nothing here reads", $"remove it, or put labels under {Balancing}");
            }
        });
        return labels;
    }

    /// <summary>A Struct of scalars; a number or a truth value is the text that it is written as.</summary>
    public static LabelSet ReadStruct(ConfigValue value)
    {
        var labels = new List<KeyValuePair<string, string>>();
        value.AsNamed("NAME", (name, item) => labels.Add(new(name, item.AsText())));
        return labels.Count == 0 || value.IsDescribing ? LabelSet.None : new(labels);
    }
}
