using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;
using Pillion.Proxy.Configuration.Reading;

namespace Pillion.Proxy.Configuration.Envoy;

/// <summary>The match of a route.</summary>
internal static class EnvoyRouteMatch
{
    // application/grpc, application/grpc+proto and the like; application/grpc-web is another protocol.
    private static readonly ValueMatchConfig[] Grpc =
    [
        new() { Name = "content-type", Kind = ValueMatchKind.Prefix, Value = "application/grpc" },
        new() { Name = "content-type", Kind = ValueMatchKind.Prefix, Value = "application/grpc-", Invert = true },
    ];

    public static RouteMatchConfig Read(ConfigValue value)
    {
        using var map = value.AsMap("RouteMatch");
        var path = ReadPath(map, value);
        var methods = new List<string>();
        var headers = map.Optional("headers").AsList(item => EnvoyValueMatch.ReadHeader(item, methods));
        var grpc = map.Optional("grpc");
        grpc.AsMap().Dispose();
        return new()
        {
            Path = path,
            IgnoreCase = !map.Optional("case_sensitive").AsBool(true),
            Methods = new([.. methods]),
            Headers = grpc.Exists ? new([.. headers, .. Grpc]) : headers,
            Query = map.Optional("query_parameters").AsList(EnvoyValueMatch.ReadQuery),
        };
    }

    private static PathMatchConfig ReadPath(ConfigMap map, ConfigValue value)
    {
        var prefix = map.Optional("prefix");
        var path = map.Optional("path");
        var regex = map.Optional("safe_regex");
        var separated = map.Optional("path_separated_prefix");
        var connect = map.Optional("connect_matcher");
        if (value.IsMap && new[] { prefix, path, regex, separated, connect }.Count(given => given.Exists) != 1)
        {
            map.Fail("does not say one path", "give one of prefix, path, safe_regex, path_separated_prefix or connect_matcher");
        }

        const string remedy = "use a path that begins with '/', without query";
        connect.AsMap().Dispose();

        // An empty prefix takes every path, as "/" does.
        var prefixText = prefix.AsText("path", text => text.Length == 0 || HttpText.IsPath(text), remedy);
        var pathText = path.AsText("path", HttpText.IsPath, remedy);
        var pattern = EnvoyPattern.Read(regex);
        var separatedText = separated.AsText("path", text => HttpText.IsPath(text) && (text == "/" || !text.EndsWith('/')), "use a path that begins with '/' and does not end with it");
        return
            connect.Exists ? new(PathMatchKind.Connect, "") :
            regex.Exists ? new(PathMatchKind.Regex, pattern ?? "") :
            path.Exists ? new(PathMatchKind.Exact, pathText) :
            separated.Exists && separatedText != "/" ? new(PathMatchKind.SeparatedPrefix, separatedText) :
            new(PathMatchKind.Prefix, prefixText.Length == 0 ? "/" : prefixText);
    }
}
