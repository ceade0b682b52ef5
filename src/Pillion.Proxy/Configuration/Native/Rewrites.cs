using Pillion.Core.Configuration.Reading;
using Pillion.Proxy.Configuration.Reading;

namespace Pillion.Proxy.Configuration.Native;

/// <summary><c>rewrite: /new/ | { prefix, regex, with, host, endpoint_host }</c></summary>
internal static class Rewrites
{
    public static ForwardConfig Read(ConfigValue value, PathMatchConfig path, ForwardConfig forward)
    {
        if (value.IsText)
        {
            return forward with { PrefixRewrite = ReadPrefix(value, path) };
        }

        using var map = value.AsMap("rewrite");
        var prefix = map.Optional("prefix", "Replaces the part of the path that matched. `rewrite: /new` is short for this.");
        var host = map.Optional("host", "Replaces Host.");
        var endpointHost = map.Optional("endpoint_host", "Replaces Host with the name of the endpoint that was chosen.");
        var regex = ReadRegex(map);
        if (prefix.Exists && regex is not null)
        {
            prefix.Fail("stands beside regex", "give one of the two");
        }

        if (host.Exists && endpointHost.Exists)
        {
            endpointHost.Fail("stands beside host", "give one of the two");
        }

        return forward with
        {
            PrefixRewrite = ReadPrefix(prefix, path) ?? forward.PrefixRewrite,
            RegexRewrite = regex ?? forward.RegexRewrite,
            HostRewrite = host.AsTextOrNull("host", HttpText.IsHost, "use a host name, with a port or without") ?? forward.HostRewrite,
            AutoHostRewrite = endpointHost.AsBool(forward.AutoHostRewrite),
        };
    }

    /// <summary><c>regex</c> and <c>with</c>, which need each other.</summary>
    public static RegexRewriteConfig? ReadRegex(ConfigMap map)
    {
        var regex = map.Optional("regex", "Every match in the path is replaced by `with`.");
        var with = map.Optional("with", @"What replaces a match of `regex`; `\1` is the first group.");
        if (regex.Exists != with.Exists)
        {
            (regex.Exists ? regex : with).Fail("stands alone", "give both regex and with");
        }

        var rewrite = PatternText.ReadRewrite(regex, with);
        return with.Exists ? rewrite : null;
    }

    public static string? ReadPrefix(ConfigValue value, PathMatchConfig path)
    {
        var prefix = value.AsTextOrNull("path", HttpText.IsPath, "use a path that begins with '/'");
        if (prefix is null)
        {
            return null;
        }

        if (path.Kind is PathMatchKind.Regex or PathMatchKind.Connect)
        {
            value.Fail("there is no prefix to replace here", "use regex and with");
        }
        else if (path is { Kind: PathMatchKind.Prefix, Value: [.., '/'] } && !prefix.EndsWith('/'))
        {
            // "/" → "/v2" would make "/v2x" of "/x".
            value.FailText($"would join its last segment to what follows {path.Value}", $"use '{prefix}/'");
        }

        return prefix;
    }
}
