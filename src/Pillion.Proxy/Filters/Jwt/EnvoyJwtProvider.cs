using System.Text;
using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;
using Pillion.Core.Identity.Secrets;
using Pillion.Proxy.Configuration.Envoy;
using Pillion.Proxy.Configuration.Reading;
using Pillion.Proxy.Filters.Jwt.Keys;

namespace Pillion.Proxy.Filters.Jwt;

/// <summary>Envoy's JwtProvider.</summary>
internal static class EnvoyJwtProvider
{
    public static JwtProviderConfig Read(string name, ConfigValue value, EnvoyScope scope)
    {
        using var map = value.AsMap("JwtProvider");
        var usual = new JwtProviderConfig { Name = name };
        var remote = map.Optional("remote_jwks");
        var local = map.Optional("local_jwks");
        if (value.IsMap && remote.Exists == local.Exists)
        {
            map.Fail("does not say where the keys are", "give one of remote_jwks or local_jwks");
        }

        foreach (var metadata in (string[])["payload_in_metadata", "header_in_metadata", "failed_status_in_metadata", "normalize_payload_in_metadata"])
        {
            map.Refuse(metadata, "there is no dynamic metadata here", "remove it: authorization rules read the claims of a verified token without it");
        }

        map.Refuse("subjects", "subjects are not limited here", "use an authorization rule on the claim sub");
        var headers = map.Optional("from_headers").AsList(ReadHeader);
        var parameters = map.Optional("from_params").AsList(item => item.AsTextOrNull());
        var cookies = map.Optional("from_cookies").AsList(item => item.AsTextOrNull());

        // Given places take the place of the usual ones, whichever kind they are of.
        var isGiven = headers.Count + parameters.Count + cookies.Count > 0;
        return usual with
        {
            Issuer = map.Optional("issuer").AsTextOrNull() is { Length: > 0 } issuer ? issuer : null,
            Audiences = map.Optional("audiences").AsList(item => item.AsTextOrNull()),
            RequireExpiry = map.Optional("require_expiration").AsBool(false),
            MaxLifetime = map.Optional("max_lifetime").AsDuration(TimeSpan.Zero),
            ClockSkew = TimeSpan.FromSeconds(map.Optional("clock_skew_seconds").AsInt((int)usual.ClockSkew.TotalSeconds, 0, 86_400)),
            RemoteKeys = ReadRemote(remote, scope),
            KeyFile = ReadLocal(local),
            Forward = map.Optional("forward").AsBool(false),
            FromHeaders = isGiven ? headers : usual.FromHeaders,
            FromParams = isGiven ? parameters : usual.FromParams,
            FromCookies = cookies,
            PayloadHeader = HeaderName.Read(map.Optional("forward_payload_header")),
            PadsPayload = map.Optional("pad_forward_payload_header").AsBool(false),
            ClaimHeaders = map.Optional("claim_to_headers").AsList(ReadClaim),
            ListsAsJson = true,
            CacheSize = ReadCache(map.Optional("jwt_cache_config"), usual.CacheSize),
            Source = value.Source,
        };
    }

    private static TokenHeader? ReadHeader(ConfigValue value)
    {
        using var map = value.AsMap("JwtHeader");
        var name = map.Required("name").AsTextOrNull("header name", HttpText.IsToken, "use letters, digits and hyphens");
        var prefix = map.Optional("value_prefix").AsText("prefix", HttpText.IsFieldValue, "use visible characters and spaces");
        return name is null ? null : new(name, prefix);
    }

    private static ClaimHeader? ReadClaim(ConfigValue value)
    {
        using var map = value.AsMap("JwtClaimToHeader");
        var name = HeaderName.Read(map.Required("header_name"));
        var claim = map.Required("claim_name").AsTextOrNull();
        return name is null || claim is null ? null : new(name, claim);
    }

    private static int ReadCache(ConfigValue value, int usual)
    {
        using var map = value.AsMap("JwtCacheConfig");
        return map.Optional("jwt_cache_size").AsInt(usual, 0, 100_000) is var size && size == 0 ? usual : size;
    }

    private static RemoteKeysConfig? ReadRemote(ConfigValue value, EnvoyScope scope)
    {
        using var map = value.AsMap("RemoteJwks");
        var usual = new RemoteKeysConfig { Cluster = "", Authority = "", Path = "" };
        using var uri = map.Required("http_uri").AsMap("HttpUri");
        var remote = JwtKeySettings.ReadUrl(uri.Required("uri").AsTextOrNull("web address", JwtKeySettings.IsUrl, "use https://HOST/PATH"));
        var cluster = uri.Required("cluster");
        var timeout = uri.Required("timeout").AsDuration(usual.Timeout, TimeSpan.FromMilliseconds(1));
        var name = cluster.AsText();
        if (cluster.IsText)
        {
            scope.ReferToCluster(cluster);
        }

        var refresh = map.Optional("cache_duration").AsDuration(usual.Refresh, TimeSpan.FromSeconds(1));
        using var ahead = map.Optional("async_fetch").AsMap("JwksAsyncFetch");

        // Keys are always fetched ahead, and the listener serves meanwhile: requests wait.
        _ = ahead.Optional("fast_listener").AsBool(true);
        var again = ahead.Optional("failed_refetch_duration").AsDuration(usual.RetryAfter, TimeSpan.FromMilliseconds(100));
        var retries = ReadRetries(map.Optional("retry_policy"));
        return remote is null ? null : remote with { Cluster = name, Timeout = timeout, Refresh = refresh, RetryAfter = again, Retries = retries };
    }

    private static int ReadRetries(ConfigValue value)
    {
        using var map = value.AsMap("RetryPolicy of keys");
        var count = map.Optional("num_retries").AsInt(1, 0, 10);
        return value.IsMap ? count : 0;
    }

    private static SecretPart? ReadLocal(ConfigValue value)
    {
        using var map = value.AsMap("DataSource of keys");
        var file = map.Optional("filename");
        var text = map.Optional("inline_string").AsTextOrNull();
        var bytes = map.Optional("inline_bytes");
        var variable = map.Optional("environment_variable").AsVariableOrNull();
        if (value.IsMap && new[] { "filename", "inline_string", "inline_bytes", "environment_variable" }.Count(map.Has) != 1)
        {
            map.Fail("does not say one source", "give one of filename, inline_string, inline_bytes or environment_variable");
        }

        var path = file.AsFileOrNull();
        var inline = text ?? variable ?? Decode(bytes);
        return path is not null ? path : inline is not null ? SecretPart.Inline(inline) : null;
    }

    private static string? Decode(ConfigValue value)
    {
        if (value.AsTextOrNull() is not { } text)
        {
            return null;
        }

        var bytes = new byte[text.Length];
        if (Convert.TryFromBase64String(text, bytes, out var length))
        {
            return Encoding.UTF8.GetString(bytes, 0, length);
        }

        value.Fail("is not base64", "encode it with 'base64 -w0'");
        return null;
    }
}
