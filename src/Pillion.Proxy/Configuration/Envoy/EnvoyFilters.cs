using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;
using Pillion.Proxy.Filters;

namespace Pillion.Proxy.Configuration.Envoy;

/// <summary>
/// <c>http_filters</c>, in the order of the file, and <c>typed_per_filter_config</c>, by which a virtual host or a route has other settings of a filter,
/// or none of it.
/// </summary>
internal sealed class EnvoyFilters
{
    private static readonly EnvoyExtension Router = new("Router", "envoy.filters.http.router", "envoy.router");

    private static readonly (EnvoyExtension Kind, FilterKind Filter)[] Kinds =
        [.. FilterKinds.InOrder.Where(kind => kind.Envoy is not null).Select(kind => (kind.Envoy!, kind))];

    private readonly Entry[] _entries;
    private readonly EnvoyScope _scope;

    private EnvoyFilters(Entry[] entries, EnvoyScope scope)
    {
        _entries = entries;
        _scope = scope;
    }

    /// <summary>What a route runs whose level this is.</summary>
    public ValueList<FilterConfig> Configs => _entries.Any(entry => entry.Config is not null) ? new([.. _entries.Select(entry => entry.Config).OfType<FilterConfig>()]) : [];

    public static EnvoyFilters Read(ConfigValue value, EnvoyScope scope)
    {
        var entries = new List<Entry>();
        var router = -1;
        var unknown = 0;
        var count = 0;
        _ = value.AsList(item =>
        {
            using var map = item.AsMap();
            if (router >= 0 && router == count - 1)
            {
                map.Fail("stands behind the router, which answers", "put the router last");
            }

            count++;
            if (map.IsDescribing)
            {
                Describe(map, scope);
                return "";
            }

            var name = map.Optional("name").Text;
            var (extension, settings) = EnvoyExtension.Open(map, "an HTTP filter", [.. Kinds.Select(kind => kind.Kind), Router]);
            using (settings)
            {
                if (extension is null)
                {
                    unknown++;
                }
                else if (extension == Router)
                {
                    router = count - 1;
                }
                else
                {
                    var kind = Array.Find(Kinds, kind => kind.Kind == extension).Filter;
                    entries.Add(new(name, kind, kind.ReadEnvoy(settings!, scope)));
                }
            }

            return "";
        });
        if (value.IsList && router < 0 && unknown == 0)
        {
            value.Fail(value.Count == 0 ? "has no filter" : "has no router, so nothing would be sent on", "end it with envoy.filters.http.router");
        }

        return new([.. entries], scope);
    }

    /// <summary>The filters of a level below this one.</summary>
    public EnvoyFilters Override(ConfigMap level)
    {
        var value = level.Optional("typed_per_filter_config");
        if (!value.Exists && !value.IsDescribing)
        {
            return this;
        }

        var entries = _entries.ToArray();
        value.AsNamed("FILTER", (name, item) =>
        {
            if (item.IsDescribing)
            {
                DescribeRoute(item);
                return;
            }

            // Old and new names of a filter are one.
            var index = Array.FindIndex(entries, entry => entry.Name == name || Named(entry.Kind.Envoy!, name));
            if (index < 0)
            {
                item.Fail($"{ConfigError.Quote(name)} is not in http_filters", entries.Length == 0 ? "add the filter there, or remove this" : $"use {string.Join(", ", entries.Select(entry => entry.Name))}");
                return;
            }

            entries[index] = entries[index] with { Config = ReadRoute(item, entries[index]) };
        });
        return new(entries, _scope);
    }

    private FilterConfig? ReadRoute(ConfigValue value, Entry entry)
    {
        using var map = value.AsMap();
        var type = map.Required("@type");
        var message = type.AsText().Split('.')[^1];
        if (message == "FilterConfig")
        {
            var disabled = map.Optional("disabled").AsBool(false);
            var inner = map.Optional("config");
            map.Optional("is_optional").AsBool(false);
            return disabled ? null : inner.Exists ? ReadRoute(inner, entry) : entry.Config;
        }

        if (message == entry.Kind.EnvoyRoute!.Type)
        {
            return entry.Kind.ReadEnvoyRoute(map, entry.Config, _scope);
        }

        if (type.IsText)
        {
            type.FailText("does not belong to this filter", $"use {entry.Kind.EnvoyRoute.Type}, or FilterConfig to switch it off");
        }

        return entry.Config;
    }

    private static bool Named(EnvoyExtension extension, string name) => extension.Name == name || extension.OldNames.Contains(name);

    private static void Describe(ConfigMap map, EnvoyScope scope)
    {
        _ = map.Required("name").AsText();
        foreach (var (extension, kind) in Kinds)
        {
            using var described = EnvoyExtension.Describe(map.Optional("typed_config"), extension);
            _ = kind.ReadEnvoy(described, scope);
        }

        EnvoyExtension.Describe(map.Optional("typed_config"), Router).Dispose();
    }

    private void DescribeRoute(ConfigValue item)
    {
        foreach (var (_, kind) in Kinds)
        {
            using var described = EnvoyExtension.Describe(item, kind.EnvoyRoute!);
            _ = kind.ReadEnvoyRoute(described, null, _scope);
        }

        using var disabling = item.AsMap("FilterConfig");
        _ = disabling.Optional("disabled").AsBool(false);
        _ = disabling.Optional("config").AsText();
    }

    /// <param name="Config">Null where it is off, or had a mistake.</param>
    private sealed record Entry(string Name, FilterKind Kind, FilterConfig? Config);
}
