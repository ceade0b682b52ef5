using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;
using Pillion.Proxy.Configuration.Balancing;

namespace Pillion.Proxy.Configuration.Envoy;

/// <summary>lb_subset_config: which labels divide the endpoints, and what becomes of requests that none fits.</summary>
internal static class EnvoySubsets
{
    private static readonly Registry<SubsetFallback> Fallbacks = new("fallback policy")
    {
        { "NO_FALLBACK", SubsetFallback.None },
        { "ANY_ENDPOINT", SubsetFallback.Any },
        { "DEFAULT_SUBSET", SubsetFallback.Default },
    };

    private static readonly Registry<SubsetFallback?> SelectorFallbacks = new("fallback policy that is supported")
    {
        { "NOT_DEFINED", null },
        { "NO_FALLBACK", SubsetFallback.None },
        { "ANY_ENDPOINT", SubsetFallback.Any },
        { "DEFAULT_SUBSET", SubsetFallback.Default },
    };

    /// <summary>Null where nothing is divided.</summary>
    public static SubsetConfig? Read(ConfigValue value)
    {
        using var map = value.AsMap("LbSubsetConfig");
        var fallback = map.Optional("fallback_policy").AsOneOf(Fallbacks, SubsetFallback.None);
        var defaults = EnvoyMetadata.ReadStruct(map.Optional("default_subset"));
        var selectors = map.Optional("subset_selectors").AsList(ReadSelector);

        // As in Envoy: without a selector there is no subset, and the cluster is balanced as a whole.
        return selectors.Count == 0 ? null : new() { Fallback = fallback, WithoutLabels = fallback, Default = defaults, Selectors = selectors };
    }

    private static SubsetSelector? ReadSelector(ConfigValue value)
    {
        using var map = value.AsMap("LbSubsetSelector");
        var keys = map.Required("keys");
        var names = keys.AsTexts(item => item.AsText());
        if (keys.IsList && names.Count == 0)
        {
            keys.Fail("is empty", "give the keys of one label or more");
        }

        var fallback = map.Optional("fallback_policy").AsOneOf(SelectorFallbacks, null);
        return names.Count == 0 ? null : new(new([.. names.Distinct().Order(StringComparer.Ordinal)]), fallback);
    }
}
