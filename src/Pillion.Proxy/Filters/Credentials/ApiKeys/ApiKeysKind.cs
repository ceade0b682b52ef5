using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;
using Pillion.Core.Identity.Secrets;
using Pillion.Proxy.Configuration.Envoy;
using Pillion.Proxy.Configuration.Native;
using Pillion.Proxy.Configuration.Reading;

namespace Pillion.Proxy.Filters.Credentials.ApiKeys;

/// <summary><c>api_keys:</c> and Envoy's <c>envoy.filters.http.api_key_auth</c>.</summary>
internal sealed class ApiKeysKind : FilterKind
{
    private static readonly ValueList<KeySourceConfig> Usual = [new(KeyPlace.Header, "x-api-key")];

    public override string Name => "api_keys";

    public override string Meaning => "Only clients that show a key of theirs may ask; `off` where a route takes anybody.";

    public override EnvoyExtension Envoy { get; } = new("ApiKeyAuth", "envoy.filters.http.api_key_auth");

    public override EnvoyExtension EnvoyRoute { get; } = new("ApiKeyAuthPerRoute", "envoy.filters.http.api_key_auth");

    public override FilterConfig? Read(ConfigValue value, NativeScope scope)
    {
        using var map = value.AsMap("api keys");
        var file = map.Required("file", "The file with a line `CLIENT:KEY` for each key, or `CLIENT:{SHA256}HEX` with the key's digest. It is watched.").AsFileOrNull();
        var from = map.Optional("from", "Where requests carry their key: one [place](#api-key-place) or a list; the first that holds anything counts. Default: the header `x-api-key`.");
        var keep = map.Optional("keep", "Let the key go on to the upstream; else it is taken out.");
        var keeps = keep.AsBool(false);
        var sources = ReadSources(from);
        var header = map.Optional("client_header", "A header that tells the upstream who the client is, whatever the client says there.");
        if (keeps && sources.Any(source => source.Place == KeyPlace.Query))
        {
            keep.Fail("would leave the key in the query, where every log has it", "take the key from a header, or remove it");
        }

        var config = new ApiKeysConfig
        {
            File = file is null ? null : (SecretPart)file,
            Sources = sources,
            Keeps = keeps,
            ClientHeader = HeaderName.Read(header),
            Clients = map.Optional("clients", "Only these of the clients; all of the file when absent.").AsTexts(item => item.AsTextOrNull("client", text => text.Length > 0, "use the name that stands before a key")),
            Source = value.Source,
        };
        return value.IsMap ? config : null;
    }

    public override FilterConfig? ReadEnvoy(ConfigMap settings, EnvoyScope scope) => ReadEnvoy(settings, null);

    public override FilterConfig? ReadEnvoyRoute(ConfigMap settings, FilterConfig? listeners, EnvoyScope scope)
    {
        var config = ReadEnvoy(settings, listeners as ApiKeysConfig);
        return config with { Clients = settings.Optional("allowed_clients").AsTexts(item => item.AsTextOrNull()) };
    }

    public override Filter Compile(FilterConfig config, FilterContext context) => new ApiKeysFilter((ApiKeysConfig)config, context);

    private static ApiKeysConfig ReadEnvoy(ConfigMap settings, ApiKeysConfig? above)
    {
        var table = new ApiKeyTable();
        var keys = settings.Optional("credentials").AsList(item => ReadCredential(item, table));
        var sources = settings.Optional("key_sources").AsList(ReadEnvoySource);
        var forwarding = settings.Optional("forwarding");
        using var map = forwarding.AsMap("Forwarding");
        var header = HeaderName.Read(map.Optional("header"));
        var hides = map.Optional("hide_credentials").AsBool(false);
        var config = (above ?? new ApiKeysConfig()) with { Source = settings.Source };
        config = config with
        {
            Keys = keys.Count > 0 ? keys : config.Keys,
            Sources = sources.Count > 0 ? sources : config.Sources,
            ClientHeader = forwarding.Exists ? header : config.ClientHeader,
            Keeps = forwarding.Exists || above is null ? !hides : config.Keeps,
            Clients = [],
        };
        return config;
    }

    private static InlineKeyConfig? ReadCredential(ConfigValue value, ApiKeyTable table)
    {
        using var map = value.AsMap("Credential");
        var key = map.Required("key");
        var client = map.Required("client");
        if (key.AsTextOrNull() is not { } text || client.AsTextOrNull() is not { } name)
        {
            return null;
        }

        // Never the key itself in a message.
        if (text.Length == 0 || name.Length == 0 || name.Any(char.IsControl))
        {
            map.Fail("has no key or no client", "give both");
        }
        else if (table.TryAdd(name, text) is { } problem)
        {
            map.Fail(problem, "give each client its own key");
        }

        return new(name, text);
    }

    private static KeySourceConfig? ReadEnvoySource(ConfigValue value)
    {
        using var map = value.AsMap("KeySource");
        return ReadSource(value, map, map.Optional("header"), map.Optional("query"), map.Optional("cookie"));
    }

    private static ValueList<KeySourceConfig> ReadSources(ConfigValue value)
    {
        if (value.IsDescribing || value.IsMap)
        {
            return ReadPlace(value) is { } one ? [one] : [];
        }

        if (value.IsList && value.Count == 0)
        {
            value.Fail("is empty", "name a header, query or cookie, or remove it");
        }

        return value.Exists ? value.AsList(ReadPlace) : Usual;
    }

    private static KeySourceConfig? ReadPlace(ConfigValue value)
    {
        using var map = value.AsMap("api key place");
        return ReadSource(value, map, map.Optional("header", "A header; `Bearer ` may stand before the key."), map.Optional("query", "A parameter of the query."), map.Optional("cookie", "A cookie."));
    }

    private static KeySourceConfig? ReadSource(ConfigValue value, ConfigMap map, ConfigValue header, ConfigValue query, ConfigValue cookie)
    {
        ConfigValue[] given = [.. new[] { header, query, cookie }.Where(place => place.Exists)];
        if (value.IsMap && given.Length != 1)
        {
            map.Fail(given.Length == 0 ? "names no place" : "names several places", "give one of header, query or cookie; write a list for several");
        }

        var headerName = HeaderName.Read(header, removes: true);
        var parameter = query.AsTextOrNull("parameter", text => text.Length is > 0 and <= 100, "use the name of a parameter");
        var cookieName = cookie.AsTextOrNull("cookie", HttpText.IsToken, "use the name of a cookie");
        return
            headerName is not null ? new(KeyPlace.Header, headerName) :
            parameter is not null ? new(KeyPlace.Query, parameter) :
            cookieName is not null ? new(KeyPlace.Cookie, cookieName) : null;
    }
}
