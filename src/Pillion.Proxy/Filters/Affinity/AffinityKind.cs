using Pillion.Core.Configuration.Reading;
using Pillion.Proxy.Configuration.Envoy;
using Pillion.Proxy.Configuration.Native;
using Pillion.Proxy.Configuration.Reading;

namespace Pillion.Proxy.Filters.Affinity;

/// <summary><c>affinity:</c> and Envoy's <c>envoy.filters.http.stateful_session</c>.</summary>
internal sealed class AffinityKind : FilterKind
{
    private static readonly EnvoyExtension Cookie = new("CookieBasedSessionState", "envoy.http.stateful_session.cookie") { NeedsSettings = true };
    private static readonly EnvoyExtension Header = new("HeaderBasedSessionState", "envoy.http.stateful_session.header") { NeedsSettings = true };

    public override string Name => "affinity";

    public override string Meaning => "Keeps a client with the endpoint that answered it first, by a `cookie` or a `header`; `off` where a route shall have none.";

    public override EnvoyExtension Envoy { get; } = new("StatefulSession", "envoy.filters.http.stateful_session");

    public override EnvoyExtension EnvoyRoute { get; } = new("StatefulSessionPerRoute", "envoy.filters.http.stateful_session");

    public override FilterConfig? Read(ConfigValue value, NativeScope scope)
    {
        using var map = value.AsMap("affinity");
        var cookie = map.Optional("cookie", "The name of a cookie that tells which endpoint the client is with; Pillion gives it to clients that have none.");
        var header = map.Optional("header", "The name of a header that tells so instead: each answer has it, and the client sends it again itself.");
        var ttl = map.Optional("ttl", "How long clients keep the cookie; 0s is until they end.");
        var path = map.Optional("path", "The path below which clients send the cookie, and requests have a session at all; `/` when absent.");
        var config = new AffinityConfig
        {
            Name = (header.Exists ? ReadHeaderName(header) : ReadCookieName(cookie)) ?? "",
            ByHeader = header.Exists,
            Ttl = ttl.AsDuration(TimeSpan.Zero),
            Path = ReadPath(path, value.IsMap && !header.Exists ? "/" : ""),
            IsStrict = map.Optional("strict", "Refuse requests whose endpoint cannot be used, instead of moving their session to another.").AsBool(false),
            Source = value.Source,
        };
        if (value.IsDescribing)
        {
            _ = ReadHeaderName(header);
        }

        if (value.IsMap && cookie.Exists == header.Exists)
        {
            map.Fail(cookie.Exists ? "says two ways to tell the endpoint" : "does not say how the endpoint is told", "give cookie: NAME or header: NAME");
        }

        foreach (var setting in header.Exists ? new[] { ttl, path }.Where(setting => setting.Exists) : [])
        {
            setting.Fail("is of a cookie", "remove it, or use cookie: NAME instead of the header");
        }

        return value.IsMap && config.Name.Length > 0 ? config : null;
    }

    public override FilterConfig? ReadEnvoy(ConfigMap settings, EnvoyScope scope) => ReadSession(settings);

    public override FilterConfig? ReadEnvoyRoute(ConfigMap settings, FilterConfig? listeners, EnvoyScope scope)
    {
        var disabled = settings.Optional("disabled");
        var isDisabled = disabled.AsBool(false);
        var session = settings.Optional("stateful_session");
        using var map = session.AsMap("StatefulSession");
        var config = ReadSession(map);
        if (settings.Exists && disabled.Exists == session.Exists)
        {
            settings.Fail(disabled.Exists ? "says two things" : "says nothing", "give disabled: true or stateful_session");
        }

        return isDisabled ? null : config;
    }

    public override Filter Compile(FilterConfig config, FilterContext context) => new AffinityFilter((AffinityConfig)config, context);

    private static AffinityConfig? ReadSession(ConfigMap settings)
    {
        var isStrict = settings.Optional("strict").AsBool(false);
        var state = settings.Optional("session_state");
        settings.Refuse("host_statuses", "is of an older API", "remove it; endpoints that fail their checks are not used");
        using var map = state.AsMap();
        var config = state.Exists || state.IsDescribing ? EnvoyExtension.Read(map, "a session state", (Cookie, ReadCookieState), (Header, ReadHeaderState)) : null;
        if (settings.Exists && !state.Exists)
        {
            // Envoy's filter without one does nothing, and says so nowhere.
            settings.Fail("has no session_state, so it would do nothing", "add session_state, or remove the filter");
        }

        return config is { Name.Length: > 0 } ? config with { IsStrict = isStrict, Source = settings.Source } : null;
    }

    private static AffinityConfig ReadCookieState(ConfigMap settings)
    {
        using var cookie = settings.Required("cookie").AsMap("Cookie");
        return new()
        {
            Name = ReadCookieName(cookie.Required("name")) ?? "",
            Ttl = cookie.Optional("ttl").AsDuration(TimeSpan.Zero),
            Path = ReadPath(cookie.Optional("path"), ""),
        };
    }

    private static AffinityConfig ReadHeaderState(ConfigMap settings) => new() { Name = ReadHeaderName(settings.Required("name")) ?? "", ByHeader = true };

    private static string? ReadCookieName(ConfigValue value) => value.AsTextOrNull("cookie's name", HttpText.IsToken, "use letters, digits and - _ .");

    private static string? ReadHeaderName(ConfigValue value) => HeaderName.Read(value);

    private static string ReadPath(ConfigValue value, string fallback) =>
        value.AsText("path", text => HttpText.IsPath(text) && !text.Contains(';'), "use a path that begins with '/', without ';'", fallback);
}
