using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;

namespace Pillion.Proxy.Configuration.Envoy;

/// <summary>
/// One kind of extension. It is known by the last part of its <c>@type</c>; where that is missing, as in files of before v3, by its name.
/// </summary>
internal sealed record EnvoyExtension(string Type, string Name, params string[] OldNames)
{
    // The HTTP filters are many; a line of their names would help nobody.
    private const int MostListed = 4;

    /// <summary>Without settings it would be nothing.</summary>
    public bool NeedsSettings { get; init; }

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

        if (map.IsDescribing)
        {
            return (kinds[0], Describe(typed, kinds[0]));
        }

        var settings = (typed.Exists || !old.Exists ? typed : old).AsMap(kinds[0].Type);
        var type = settings.Optional("@type");

        foreach (var kind in kinds)
        {
            if (type.Exists ? type.AsText().Split('.')[^1] == kind.Type : name.Text == kind.Name || kind.OldNames.Contains(name.Text))
            {
                if (kind.NeedsSettings && !typed.Exists && !old.Exists)
                {
                    typed.Fail("is missing", "add it");
                }

                return (kind, settings);
            }
        }

        var supported = kinds.Length > MostListed ? "see docs/reference/envoy.md for those that are" : $"supported: {string.Join(", ", kinds.ToArray().Select(kind => kind.Name))}";
        if (type.Exists)
        {
            // The right name with another message: TLS of the other side, or a message that only other programs know.
            var named = kinds.ToArray().FirstOrDefault(kind => kind.Name == name.Text);
            type.FailText($"is not {what} that is supported", named is null ? $"remove it; {supported}" : $"for {named.Name} use the message {named.Type}");
        }
        else if (name.IsText)
        {
            var names = kinds.ToArray().SelectMany(kind => kind.OldNames.Prepend(kind.Name));
            name.FailText($"is not {what} that is supported", NearestName.Of(name.Text, names) is { } nearest ? $"did you mean '{nearest}'?" : $"remove it; {supported}");
        }

        return (null, null);
    }

    /// <summary>Reads an entry as its kind does; null after a mistake.</summary>
    public static T? Read<T>(ConfigMap map, string what, params (EnvoyExtension Kind, Func<ConfigMap, T?> Read)[] kinds) where T : class
    {
        if (map.IsDescribing)
        {
            _ = map.Required("name").AsText();
            foreach (var (each, read) in kinds)
            {
                using var described = Describe(map.Optional("typed_config"), each);
                _ = read(described);
            }

            return null;
        }

        var (kind, settings) = Open(map, what, [.. kinds.Select(entry => entry.Kind)]);
        using (settings)
        {
            return kind is null ? null : Array.Find(kinds, entry => entry.Kind == kind).Read(settings!);
        }
    }

    /// <summary>The settings of a kind, while the readers are asked what they read.</summary>
    public static ConfigMap Describe(ConfigValue typed, EnvoyExtension kind)
    {
        var settings = typed.AsMap(kind.Type);
        _ = settings.Optional("@type").AsText();
        return settings;
    }
}
