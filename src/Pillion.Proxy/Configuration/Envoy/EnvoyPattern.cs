using Pillion.Core.Configuration.Reading;
using Pillion.Proxy.Configuration.Reading;

namespace Pillion.Proxy.Configuration.Envoy;

/// <summary><c>{ regex, google_re2: {} }</c>, and the substitution that uses it.</summary>
internal static class EnvoyPattern
{
    public static string? Read(ConfigValue value) => PatternText.Read(Regex(value));

    public static RegexRewriteConfig? ReadRewrite(ConfigValue value)
    {
        using var map = value.AsMap("RegexMatchAndSubstitute");
        return PatternText.ReadRewrite(Regex(map.Required("pattern")), map.Optional("substitution"));
    }

    private static ConfigValue Regex(ConfigValue value)
    {
        using var map = value.AsMap("RegexMatcher");
        map.Optional("google_re2").AsMap().Dispose();
        return map.Required("regex");
    }
}
