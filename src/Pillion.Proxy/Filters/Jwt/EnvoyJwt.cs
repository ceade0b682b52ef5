using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;
using Pillion.Proxy.Configuration.Envoy;

namespace Pillion.Proxy.Filters.Jwt;

/// <summary>Envoy's JwtAuthentication: providers, rules that match like routes, and requirements that routes name.</summary>
internal static class EnvoyJwt
{
    public static JwtConfig Read(ConfigMap settings, EnvoyScope scope)
    {
        var providers = new List<JwtProviderConfig>();
        settings.Optional("providers").AsNamed("NAME", (name, item) => providers.Add(EnvoyJwtProvider.Read(name, item, scope)));
        var names = providers.Select(provider => provider.Name).ToList();
        var named = new List<JwtNamedRequirement>();
        settings.Optional("requirement_map").AsNamed("NAME", (name, item) =>
        {
            if (ReadRequirement(item, names) is { } requirement)
            {
                named.Add(new(name, requirement));
            }
        });
        settings.Refuse("filter_state_rules", "nothing of Pillion's keeps filter state", "use rules");
        var config = new JwtConfig
        {
            Providers = new() { Providers = settings.IsDescribing ? [] : new([.. providers]), Source = settings.Source },
            Named = settings.IsDescribing ? [] : new([.. named]),
            PassesPreflight = settings.Optional("bypass_cors_preflight").AsBool(false),
            Source = settings.Source,
        };
        return config with { Rules = settings.Optional("rules").AsList(item => ReadRule(item, names, named)) };
    }

    public static JwtConfig? ReadRoute(ConfigMap settings, JwtConfig? listeners)
    {
        var disabled = settings.Optional("disabled");
        var name = settings.Optional("requirement_name");
        var isOff = disabled.AsBool(false);
        var text = name.AsTextOrNull();
        if (settings.Exists && disabled.Exists == name.Exists)
        {
            settings.Fail("does not say one thing", "give disabled: true or requirement_name");
        }

        if (isOff)
        {
            return null;
        }

        if (text is null || listeners is null)
        {
            return listeners;
        }

        if (listeners.Named.FirstOrDefault(known => known.Name == text) is { } found)
        {
            return listeners with { Requirement = found.Requirement, Source = settings.Source };
        }

        name.FailText("is not in the filter's requirement_map", NearestName.Of(text, listeners.Named.Select(known => known.Name)) is { } nearest ? $"did you mean '{nearest}'?" : "add it there");
        return listeners;
    }

    private static JwtRuleConfig? ReadRule(ConfigValue value, List<string> providers, List<JwtNamedRequirement> named)
    {
        using var map = value.AsMap("RequirementRule");
        var match = EnvoyRouteMatch.Read(map.Required("match"));
        var requires = map.Optional("requires");
        var name = map.Optional("requirement_name");
        if (requires.Exists && name.Exists)
        {
            name.Fail("stands beside requires", "give one of the two");
        }

        var requirement = ReadRequirement(requires, providers);
        if (name.AsTextOrNull() is { } text)
        {
            requirement = named.FirstOrDefault(known => known.Name == text)?.Requirement;
            if (requirement is null)
            {
                name.FailText("is not in requirement_map", NearestName.Of(text, named.Select(known => known.Name)) is { } nearest ? $"did you mean '{nearest}'?" : "add it there");
            }
        }

        return value.IsMap ? new(match, requirement) : null;
    }

    private static JwtRequirement? ReadRequirement(ConfigValue value, List<string> providers)
    {
        using var map = value.AsMap("JwtRequirement");
        var provider = map.Optional("provider_name");
        var narrowed = map.Optional("provider_and_audiences");
        var any = map.Optional("requires_any");
        var all = map.Optional("requires_all");
        var missing = map.Optional("allow_missing");
        var failed = map.Optional("allow_missing_or_failed");
        map.Refuse("extract_only_without_validation", "what was not verified is told to nobody here", "use allow_missing_or_failed, which makes use of good tokens");
        missing.AsMap().Dispose();
        failed.AsMap().Dispose();
        if (value.IsMap && new[] { provider, narrowed, any, all, missing, failed }.Count(given => given.Exists) > 1)
        {
            map.Fail("requires several things at once", "give one of them, or a list in requires_any or requires_all");
        }

        var one = ReadProvider(provider, providers);
        var narrow = ReadNarrowed(narrowed, providers);
        var anyOf = ReadList(any, JwtRequirementKind.Any, providers);
        var allOf = ReadList(all, JwtRequirementKind.All, providers);
        return
            one ?? narrow ?? anyOf ?? allOf ??
            (missing.Exists ? new JwtRequirement(JwtRequirementKind.AllowMissing) { Source = value.Source } :
            failed.Exists ? new JwtRequirement(JwtRequirementKind.AllowMissingOrFailed) { Source = value.Source } : null);
    }

    private static JwtRequirement? ReadList(ConfigValue value, JwtRequirementKind kind, List<string> providers)
    {
        using var map = value.AsMap();
        var list = map.Required("requirements");

        // Lists of lists have no end to describe.
        if (value.IsDescribing)
        {
            _ = list.AsTextOrNull();
            return null;
        }

        var of = list.AsList(item => ReadRequirement(item, providers));
        return value.IsMap ? new(kind) { Of = of, Source = value.Source } : null;
    }

    private static JwtRequirement? ReadNarrowed(ConfigValue value, List<string> providers)
    {
        using var map = value.AsMap();
        var one = ReadProvider(map.Required("provider_name"), providers);
        var audiences = map.Optional("audiences").AsList(item => item.AsTextOrNull());
        return one is null ? null : one with { Audiences = audiences.Count > 0 ? audiences : null };
    }

    private static JwtRequirement? ReadProvider(ConfigValue value, List<string> providers)
    {
        if (value.AsTextOrNull() is not { } name)
        {
            return null;
        }

        if (!providers.Contains(name))
        {
            value.FailText("is not one of the providers", NearestName.Of(name, providers) is { } nearest ? $"did you mean '{nearest}'?" : "add it to providers");
            return null;
        }

        return new(JwtRequirementKind.Provider) { Provider = name, Source = value.Source };
    }
}
