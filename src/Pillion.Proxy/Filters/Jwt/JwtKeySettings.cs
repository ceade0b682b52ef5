using Pillion.Core.Configuration.Reading;
using Pillion.Core.Identity.Secrets;
using Pillion.Proxy.Configuration.Native;
using Pillion.Proxy.Configuration.Reading;
using Pillion.Proxy.Filters.Jwt.Keys;

namespace Pillion.Proxy.Filters.Jwt;

/// <summary><c>keys:</c> of a provider: a file, or a URL of one of the services.</summary>
internal static class JwtKeySettings
{
    private static readonly Core.Configuration.Registry<bool> Waits = new("choice") { { "wait", true }, { "refuse", false } };

    public static JwtProviderConfig Read(ConfigValue value, JwtProviderConfig provider, NativeScope scope)
    {
        if (value.IsText)
        {
            return value.AsFileOrNull() is { } alone ? provider with { KeyFile = alone } : provider;
        }

        using var map = value.AsMap("jwt keys");
        var file = map.Optional("file", "A file of a JSON Web Key Set, read anew when it changes.");
        var inline = map.Optional("inline", "The JSON Web Key Set itself.").AsTextOrNull();
        var service = map.Optional("service", "The service of `outbound.services` that is asked for `url`.");
        var url = map.Optional("url", "Where the service has the keys, such as `https://login.example/.well-known/jwks.json`. Whether the connection is TLS is the service's to say.");
        var remote = ReadUrl(url.AsTextOrNull("web address", IsUrl, "use https://HOST/PATH"));
        var given = (file.Exists ? 1 : 0) + (map.Has("inline") ? 1 : 0) + (url.Exists ? 1 : 0);
        if (value.IsMap && given != 1)
        {
            map.Fail(given == 0 ? "does not say where the keys are" : "says several places of the keys", "give one of file, inline or url");
        }

        if (service.AsTextOrNull() is { } name)
        {
            scope.Targets.Refer(service);
            remote = remote is null ? null : remote with { Cluster = name };
        }
        else if (url.Exists)
        {
            map.Fail("does not say which service is asked", "add service: NAME, one of outbound.services");
        }

        var usual = new RemoteKeysConfig { Cluster = "", Authority = "", Path = "" };
        var timeout = map.Optional("timeout", "Of one question.").AsDuration(usual.Timeout, TimeSpan.FromMilliseconds(1));
        var refresh = map.Optional("refresh", "After which the keys are asked for again. A token with an unknown key id has them asked for at once, at most every ten seconds.").AsDuration(usual.Refresh, TimeSpan.FromSeconds(1));
        var waits = map.Optional("before_first", "What becomes of requests that come before the first keys are there: `wait` holds them for the question under way, `refuse` answers 503 at once. Where there are none at the end of it, both answer 503.").AsOneOf(Waits, true);
        var path = file.AsFileOrNull();
        return provider with
        {
            KeyFile = path is not null ? path : inline is not null ? SecretPart.Inline(inline) : null,
            RemoteKeys = remote is null ? null : remote with { Timeout = timeout, Refresh = refresh, WaitsForFirst = waits },
        };
    }

    /// <summary>Host, path and whether it is https, of a URL that <see cref="IsUrl"/> found right.</summary>
    public static RemoteKeysConfig? ReadUrl(string? text)
    {
        if (text is null)
        {
            return null;
        }

        var isHttps = text.StartsWith("https://", StringComparison.Ordinal);
        var rest = text[(isHttps ? 8 : 7)..];
        var slash = rest.IndexOf('/');
        return new() { Cluster = "", Authority = slash < 0 ? rest : rest[..slash], Path = slash < 0 ? "/" : rest[slash..], IsHttps = isHttps };
    }

    public static bool IsUrl(string text)
    {
        var scheme = text.StartsWith("https://", StringComparison.Ordinal) ? 8 : text.StartsWith("http://", StringComparison.Ordinal) ? 7 : 0;
        if (scheme == 0)
        {
            return false;
        }

        var rest = text[scheme..];
        var slash = rest.IndexOf('/');
        return HttpText.IsHost(slash < 0 ? rest : rest[..slash]) && (slash < 0 || rest[slash..].All(c => c is > ' ' and < '\x7f' and not '#'));
    }
}
