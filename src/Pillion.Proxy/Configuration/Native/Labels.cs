using Pillion.Core.Configuration.Reading;
using Pillion.Proxy.Clusters.Levels;

namespace Pillion.Proxy.Configuration.Native;

/// <summary><c>labels: { version: v2, … }</c></summary>
internal static class Labels
{
    public static LabelSet Read(ConfigValue value)
    {
        var labels = new List<KeyValuePair<string, string>>();
        value.AsNamed("NAME", (name, item) => labels.Add(new(name, item.AsText())));
        return labels.Count == 0 || value.IsDescribing ? LabelSet.None : new(labels);
    }
}
