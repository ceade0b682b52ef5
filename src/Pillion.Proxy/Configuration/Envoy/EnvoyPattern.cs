using Pillion.Core.Configuration.Reading;
using Pillion.Proxy.Configuration.Reading;

namespace Pillion.Proxy.Configuration.Envoy;

/// <summary><c>{ regex, google_re2: {} }</c>, and the substitution that uses it.</summary>
internal static class EnvoyPattern
{
    public static string? Read(ConfigValue value)
    {
        using var map = value.AsMap("RegexMatcher");
        map.Optional("google_re2").AsMap().Dispose();
        return PatternText.Read(map.Required("regex"));
    }

    public static RegexRewriteConfig? ReadRewrite(ConfigValue value)
    {
        using var map = value.AsMap("RegexMatchAndSubstitute");
        var pattern = Read(map.Required("pattern"));
        var substitution = map.Optional("substitution").AsText();
        return pattern is null ? null : new(pattern, substitution);
    }
}
