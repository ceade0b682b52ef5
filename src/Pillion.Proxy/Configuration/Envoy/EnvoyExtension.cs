using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;

namespace Pillion.Proxy.Configuration.Envoy;

/// <summary>
/// One kind of extension. It is known by the last part of its <c>@type</c>; where that is missing, as in files of before v3, by its name.
/// </summary>
internal sealed record EnvoyExtension(string Type, string Name, params string[] OldNames)
{
    /// <summary>Which of the kinds an entry <c>{ name, typed_config }</c> is, and its settings; no kind after a mistake.</summary>
    public static (EnvoyExtension? Kind, ConfigMap? Settings) Open(ConfigMap map, string what, params ReadOnlySpan<EnvoyExtension> kinds)
    {
        var name = map.Required("name");
        var typed = map.Optional("typed_config");
        var old = map.Optional("config");
        if (typed.Exists && old.Exists)
        {
            old.Fail("stands beside typed_config", "keep typed_config");
        }

        var settings = (typed.Exists || !old.Exists ? typed : old).AsMap(kinds[0].Type);
        var type = settings.Optional("@type");
        if (map.IsDescribing)
        {
            return (kinds[0], settings);
        }

        foreach (var kind in kinds)
        {
            if (type.Exists ? type.AsText().Split('.')[^1] == kind.Type : name.Text == kind.Name || kind.OldNames.Contains(name.Text))
            {
                return (kind, settings);
            }
        }

        var supported = string.Join(", ", kinds.ToArray().Select(kind => kind.Name));
        if (type.Exists)
        {
            type.FailText($"is not {what} that is supported", $"remove it; supported: {supported}");
        }
        else if (name.IsText)
        {
            var names = kinds.ToArray().SelectMany(kind => kind.OldNames.Prepend(kind.Name));
            name.FailText($"is not {what} that is supported", NearestName.Of(name.Text, names) is { } nearest ? $"did you mean '{nearest}'?" : $"remove it; supported: {supported}");
        }

        return (null, null);
    }
}
