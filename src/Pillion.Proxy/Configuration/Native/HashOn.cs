using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;
using Pillion.Proxy.Configuration.Balancing;
using Pillion.Proxy.Configuration.Reading;

namespace Pillion.Proxy.Configuration.Native;

/// <summary><c>hash_on: source | path | { header | cookie | query: NAME, … }</c>, or a list of them.</summary>
internal static class HashOn
{
    private static readonly Registry<HashSource> Plain = new("thing to hash")
    {
        { "source", HashSource.Source },
        { "path", HashSource.Path },
    };

    public static ValueList<HashPolicyConfig> Read(ConfigValue value, ValueList<HashPolicyConfig> inherited)
    {
        if (value.IsDescribing || value.IsList)
        {
            var policies = value.AsList(ReadOne);
            if (value.IsList && value.Count == 0)
            {
                value.Fail("is empty", "give at least one, such as header: x-user");
            }

            return policies;
        }

        return !value.Exists ? inherited : ReadOne(value) is { } one ? [one] : [];
    }

    private static HashPolicyConfig? ReadOne(ConfigValue value)
    {
        if (value.IsText)
        {
            return new(value.AsOneOf(Plain, HashSource.Source));
        }

        using var map = value.AsMap("hash");
        var header = map.Optional("header", "The value of this header; `:authority`, `:method` and `:path` can be named too. `source` (the address of the connection) and `path` (without the query) stand alone, without a map.");
        var cookie = map.Optional("cookie", "The value of this cookie.");
        var query = map.Optional("query", "The value of this parameter of the query.");
        ConfigValue[] given = [.. new[] { header, cookie, query }.Where(one => one.Exists)];
        if (value.IsMap && given.Length != 1)
        {
            map.Fail(given.Length == 0 ? "does not say what to hash" : "says several things to hash", "give one of header, cookie or query, and a list of them for several");
        }

        var ttl = map.Optional("ttl", "A client without the cookie is given one, for this long; 0s is until it ends. No cookie is given when absent.");
        var path = map.Optional("path", "The path below which the client sends the given cookie.");
        foreach (var setting in cookie.Exists ? path.Exists && !ttl.Exists ? [path] : [] : new[] { ttl, path }.Where(setting => setting.Exists))
        {
            setting.Fail("is of a cookie that is given", cookie.Exists ? "add ttl, or remove it" : "remove it, or use cookie: NAME");
        }

        var policy = new HashPolicyConfig(
            cookie.Exists ? HashSource.Cookie : query.Exists ? HashSource.Query : HashSource.Header,
            header.AsTextOrNull("header", text => HttpText.IsToken(text.TrimStart(':')), "use the name of a header")
                ?? cookie.AsTextOrNull("cookie's name", HttpText.IsToken, "use letters, digits and - _ .")
                ?? query.AsTextOrNull() ?? "")
        {
            CookieTtl = ttl.AsDurationOrNull(),
            CookiePath = path.AsText("path", text => HttpText.IsPath(text) && !text.Contains(';'), "use a path that begins with '/', without ';'", "/"),
            IsTerminal = map.Optional("terminal", "Where this was found, what follows in the list is not looked at.").AsBool(false),
        };
        if (value.IsDescribing)
        {
            _ = cookie.AsTextOrNull("cookie's name", HttpText.IsToken, "");
            _ = query.AsTextOrNull();
        }

        return value.IsMap && policy.Name.Length > 0 ? policy : null;
    }
}
