using System.Globalization;
using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Configuration.Envoy;
using Pillion.Proxy.Configuration.Native;
using Pillion.Proxy.Configuration.Reading;

namespace Pillion.Proxy.Filters.Cors;

/// <summary><c>cors:</c> and Envoy's <c>envoy.filters.http.cors</c>.</summary>
internal sealed class CorsKind : FilterKind
{
    private const string NotWithCredentials = "allows credentials to every origin, which lets any page act as its visitor (Fetch §3.2.5 forbids it)";

    public override string Name => "cors";

    public override string Meaning => "Which pages of other origins may read answers in a browser; `off` where a route shall say nothing of it.";

    /// <summary>The filter itself says nothing: only routes have policies.</summary>
    public override EnvoyExtension Envoy { get; } = new("Cors", "envoy.filters.http.cors", "envoy.cors");

    public override EnvoyExtension EnvoyRoute { get; } = new("CorsPolicy", "envoy.filters.http.cors", "envoy.cors");

    public override FilterConfig? Read(ConfigValue value, NativeScope scope)
    {
        using var map = value.AsMap("cors");
        var origins = map.Required("origins", "The origins: `https://shop.example`, `https://*.shop.example`, or `*` for all.");
        var read = origins.IsText ? ReadOrigin(origins) is { } one ? [one] : [] : origins.AsList(ReadOrigin);
        if (origins.IsList && origins.Count == 0)
        {
            origins.Fail("is empty", "name an origin, or write 'cors: off'");
        }

        var credentials = map.Optional("credentials", "The page may send cookies and credentials of its visitor along.");
        var config = new CorsConfig
        {
            Origins = read,
            Methods = ReadTokens(map.Optional("methods", "The methods, besides GET, HEAD and POST which need no leave; `*` is whatever is asked for."), "method", "GET, HEAD, POST, PUT, PATCH, DELETE"),
            Headers = ReadTokens(map.Optional("headers", "The headers that the page may set; `*` is whatever it asks for."), "header", ""),
            ExposeHeaders = ReadTokens(map.Optional("expose_headers", "The headers of answers that the page may read, besides the few that it always may."), "header", ""),
            MaxAge = map.Optional("max_age", "How long a browser may keep what a preflight was answered; browsers end it at two hours or sooner.").AsDuration(TimeSpan.FromMinutes(10)) is var age
                ? ((long)age.TotalSeconds).ToString(CultureInfo.InvariantCulture) : "",
            Credentials = credentials.AsBool(false),
            PrivateNetwork = map.Optional("private_network", "Pages from public networks may ask, where browsers ask for leave first.").AsBool(false),
            ForwardOthers = false,
            DecidesAlone = true,
            Source = value.Source,
        };
        if (config.Credentials == true && new OriginMatcher(read).IsAny)
        {
            credentials.Fail(NotWithCredentials, "name the origins");
        }

        return value.IsMap ? config : null;
    }

    public override FilterConfig? ReadEnvoy(ConfigMap settings, EnvoyScope scope) => null;

    public override FilterConfig? ReadEnvoyRoute(ConfigMap settings, FilterConfig? listeners, EnvoyScope scope)
    {
        var above = listeners as CorsConfig;
        var origins = settings.Optional("allow_origin_string_match").AsList(item => EnvoyValueMatch.ReadText(item, new() { Name = "" }));
        var enabled = ReadEnabled(settings.Optional("filter_enabled"));
        settings.Refuse("shadow_enabled", "tries a policy without it, which is not supported", "remove it; the metrics of the filter count origins in any case");
        settings.Refuse("allow_origin", "is of an older API", "use allow_origin_string_match: [{ exact: … }]");
        var credentials = settings.Optional("allow_credentials");
        var config = new CorsConfig
        {
            Origins = origins.Count > 0 ? origins : above?.Origins ?? [],
            Methods = ReadText(settings.Optional("allow_methods"), above?.Methods),
            Headers = ReadText(settings.Optional("allow_headers"), above?.Headers),
            ExposeHeaders = ReadText(settings.Optional("expose_headers"), above?.ExposeHeaders),
            MaxAge = ReadText(settings.Optional("max_age"), above?.MaxAge),
            Credentials = credentials.AsBoolOrNull() ?? above?.Credentials,
            PrivateNetwork = settings.Optional("allow_private_network_access").AsBoolOrNull() ?? above?.PrivateNetwork,
            ForwardOthers = settings.Optional("forward_not_matching_preflights").AsBoolOrNull() ?? above?.ForwardOthers ?? true,
            Source = settings.Source,
        };
        if (config.Credentials == true && new OriginMatcher(config.Origins).IsAny)
        {
            settings.Fail(NotWithCredentials, "name the origins in allow_origin_string_match, or remove allow_credentials");
        }

        return enabled ? config : null;
    }

    public override Filter Compile(FilterConfig config, FilterContext context) => new CorsFilter((CorsConfig)config, context);

    // Whether a share of the requests has the policy is decided nowhere: pages would work now and then.
    private static bool ReadEnabled(ConfigValue value)
    {
        using var map = value.AsMap("RuntimeFractionalPercent");
        var share = map.Optional("default_value");
        var percent = EnvoyPercent.Read(share, 100);
        map.Refuse("runtime_key", "names a value of Envoy's runtime, which Pillion does not have", "remove it; default_value decides");
        if (percent is > 0 and < 100)
        {
            share.Fail("is for a share of the requests, which is not supported", "use 100 or 0");
        }

        return percent > 0;
    }

    private static string ReadText(ConfigValue value, string? above) => value.AsTextOrNull("field value", HttpText.IsFieldValue, "use visible characters") is { Length: > 0 } text ? text : above ?? "";

    private static string ReadTokens(ConfigValue value, string what, string fallback)
    {
        var tokens = value.AsTexts(item => item.AsTextOrNull(what, HttpText.IsToken, $"use a {what}'s name, or *"), fallback.Length == 0 ? null : [.. fallback.Split(", ")]);
        return string.Join(", ", tokens);
    }

    private static ValueMatchConfig? ReadOrigin(ConfigValue value)
    {
        if (value.AsTextOrNull() is not { } text)
        {
            return null;
        }

        if (text == "*")
        {
            return new() { Name = "", Kind = ValueMatchKind.Exact, Value = text };
        }

        if (text == "null")
        {
            value.FailText("is the origin of every page that has none, such as one in a sandbox", "name the origins");
            return null;
        }

        const string wildcard = "://*.";
        var star = text.IndexOf(wildcard, StringComparison.Ordinal);
        var plain = star < 0 ? text : text.Remove(star + 3, 2);
        if (!IsOrigin(plain))
        {
            value.FailText("is not an origin", "use scheme://host or scheme://host:port as browsers write it, in lower case and without a slash, https://*.host, or *");
            return null;
        }

        // Labels of a host and nothing else stand for the star: no slash, no colon, no user before an at sign.
        return star < 0
            ? new() { Name = "", Kind = ValueMatchKind.Exact, Value = text }
            : new() { Name = "", Kind = ValueMatchKind.Regex, Value = $"{System.Text.RegularExpressions.Regex.Escape(text[..(star + 3)])}[a-z0-9.-]+{System.Text.RegularExpressions.Regex.Escape(text[(star + 4)..])}" };
    }

    // As a browser writes it (HTML §7.1.1): what is compared byte by byte must be spelt so.
    private static bool IsOrigin(string text) =>
        text.IndexOf("://", StringComparison.Ordinal) is > 0 and var at
        && text.AsSpan(0, at).IndexOfAnyExceptInRange('a', 'z') < 0
        && HttpText.IsHost(text[(at + 3)..])
        && !text.Any(char.IsAsciiLetterUpper)
        && !(text.StartsWith("https://", StringComparison.Ordinal) && text.EndsWith(":443", StringComparison.Ordinal))
        && !(text.StartsWith("http://", StringComparison.Ordinal) && text.EndsWith(":80", StringComparison.Ordinal));
}
