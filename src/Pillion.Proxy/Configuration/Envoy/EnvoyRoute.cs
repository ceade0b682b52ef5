using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;
using Pillion.Proxy.Configuration.Native;
using Pillion.Proxy.Configuration.Reading;
using Pillion.Proxy.Filters;
using Pillion.Proxy.Filters.RateLimits;

namespace Pillion.Proxy.Configuration.Envoy;

/// <summary>One route: match, and one of route, redirect and direct_response.</summary>
internal static class EnvoyRoute
{
    /// <param name="hostActions">How the virtual host describes requests to rate limits.</param>
    /// <param name="scope">Where clusters are checked; null when the file asks not to.</param>
    public static RouteConfig? Read(ConfigValue value, EnvoyUpgrades upgrades, EnvoyFilters filters, ValueList<RateActionsConfig> hostActions, EnvoyScope? scope)
    {
        using var map = value.AsMap("Route");
        var name = map.Optional("name").AsText();
        var match = EnvoyRouteMatch.Read(map.Required("match"));
        var forward = map.Optional("route");
        var redirect = map.Optional("redirect");
        var answer = map.Optional("direct_response");
        if (value.IsMap && (forward.Exists ? 1 : 0) + (redirect.Exists ? 1 : 0) + (answer.Exists ? 1 : 0) != 1)
        {
            map.Fail("does not say one thing to do", "give one of route, redirect or direct_response");
        }

        var forwarded = EnvoyRouteAction.Read(forward, match.Path, upgrades, scope);
        var redirected = ReadRedirect(redirect);
        var answered = ReadAnswer(answer);
        return new()
        {
            Name = name.Length > 0 ? name : Routes.NameOf(match),
            Match = match,
            Action = redirect.Exists ? redirected : answer.Exists ? answered : forwarded,
            RequestHeaders = EnvoyHeaderEdits.Read(map, "request"),
            ResponseHeaders = EnvoyHeaderEdits.Read(map, "response"),
            Filters = Described(filters.Override(map).Configs, forwarded, hostActions),
            Source = value.Source,
        };
    }

    private static ValueList<FilterConfig> Described(ValueList<FilterConfig> filters, ForwardConfig action, ValueList<RateActionsConfig> host) =>
        action.RateActions.Count == 0 && host.Count == 0 ? filters : new([.. filters.Select(filter => filter.ForRoute(action.RateActions, host, action.IncludesHostRateActions))]);

    private static RedirectConfig ReadRedirect(ConfigValue value)
    {
        using var map = value.AsMap("RedirectAction");
        var https = map.Optional("https_redirect").AsBool(false);
        var scheme = map.Optional("scheme_redirect").AsTextOrNull("scheme", text => text is "http" or "https", "use http or https");
        return new()
        {
            Scheme = https ? "https" : scheme,
            Host = map.Optional("host_redirect").AsTextOrNull("host", HttpText.IsHost, "use a host name"),
            Port = map.Optional("port_redirect").AsIntOrNull(1, 65535),
            Path = map.Optional("path_redirect").AsTextOrNull("path", text => HttpText.IsPath(text.Split('?')[0]), "use a path that begins with '/'"),
            PrefixRewrite = map.Optional("prefix_rewrite").AsTextOrNull("path", text => text.Length == 0 || HttpText.IsPath(text), "use a path that begins with '/'"),
            RegexRewrite = EnvoyPattern.ReadRewrite(map.Optional("regex_rewrite")),
            Status = map.Optional("response_code").AsOneOf(EnvoyNames.RedirectCodes, 301),
            StripQuery = map.Optional("strip_query").AsBool(false),
        };
    }

    private static DirectResponseConfig ReadAnswer(ConfigValue value)
    {
        using var map = value.AsMap("DirectResponseAction");
        using var body = map.Optional("body").AsMap();
        return new()
        {
            Status = map.Required("status").AsInt(200, 200, 599),
            Body = body.Optional("inline_string").AsText(),
        };
    }
}
