using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;
using Pillion.Proxy.Configuration.Balancing;
using Pillion.Proxy.Configuration.Reading;

namespace Pillion.Proxy.Configuration.Envoy;

/// <summary>RouteAction.hash_policy.</summary>
internal static class EnvoyHashPolicies
{
    public static ValueList<HashPolicyConfig> Read(ConfigValue value) => value.AsList(ReadOne);

    private static HashPolicyConfig? ReadOne(ConfigValue value)
    {
        using var map = value.AsMap("HashPolicy");
        var header = map.Optional("header");
        var cookie = map.Optional("cookie");
        var connection = map.Optional("connection_properties");
        var query = map.Optional("query_parameter");
        map.Refuse("filter_state", "filter state is not hashed", "use a header, a cookie, a query parameter or connection_properties");
        if (value.IsMap && !map.Has("filter_state") && new[] { header, cookie, connection, query }.Count(one => one.Exists) != 1)
        {
            map.Fail("does not say one thing to hash", "give one of header, cookie, connection_properties or query_parameter");
        }

        var read = new[] { ReadHeader(header), ReadCookie(cookie), ReadConnection(connection), ReadQuery(query) };
        var isTerminal = map.Optional("terminal").AsBool(false);
        return read.FirstOrDefault(policy => policy is not null) is { } policy ? policy with { IsTerminal = isTerminal } : null;
    }

    private static HashPolicyConfig? ReadHeader(ConfigValue value)
    {
        using var map = value.AsMap();
        map.Refuse("regex_rewrite", "the value is hashed as it comes", "remove it");
        var name = map.Required("header_name").AsText("header", text => HttpText.IsToken(text.TrimStart(':')), "use the name of a header");
        return name.Length == 0 ? null : new(HashSource.Header, name);
    }

    private static HashPolicyConfig? ReadCookie(ConfigValue value)
    {
        using var map = value.AsMap();
        var name = map.Required("name").AsText("cookie's name", HttpText.IsToken, "use letters, digits and - _ .");
        var ttl = map.Optional("ttl").AsDurationOrNull();
        var path = map.Optional("path").AsText("path", text => HttpText.IsPath(text) && !text.Contains(';'), "use a path that begins with '/', without ';'");
        return name.Length == 0 ? null : new(HashSource.Cookie, name) { CookieTtl = ttl, CookiePath = path };
    }

    private static HashPolicyConfig? ReadConnection(ConfigValue value)
    {
        using var map = value.AsMap();
        var source = map.Optional("source_ip");
        if (!source.AsBool(false) && value.IsMap)
        {
            map.Fail("hashes nothing", "add source_ip: true");
        }

        return value.IsMap ? new(HashSource.Source) : null;
    }

    private static HashPolicyConfig? ReadQuery(ConfigValue value)
    {
        using var map = value.AsMap();
        var name = map.Required("name").AsText();
        return name.Length == 0 ? null : new(HashSource.Query, name);
    }
}
