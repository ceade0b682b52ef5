using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;
using Pillion.Proxy.Filters;

namespace Pillion.Proxy.Configuration.Native;

/// <summary><c>routes:</c>, a list; the first that matches wins, and what none matches goes where it would go without them.</summary>
internal static class Routes
{
    public static ValueList<RouteConfig> Read(ConfigValue value, ForwardConfig usual, ValueList<FilterConfig> filters, NativeScope scope) =>
        value.AsList(item => ReadOne(item, usual, filters, scope));

    /// <summary>The route behind all others.</summary>
    public static RouteConfig Rest(string name, ForwardConfig forward, ValueList<FilterConfig> filters, SourceLine source) =>
        new() { Name = name, Match = new(), Action = forward, Filters = filters, Source = source };

    private static RouteConfig ReadOne(ConfigValue item, ForwardConfig usual, ValueList<FilterConfig> filters, NativeScope scope)
    {
        using var map = item.AsMap("route");
        var name = map.Optional("name", "The name in metrics, logs and explanations; made from the path when absent.").AsTextOrNull();
        var match = RouteMatches.Read(map);
        return new()
        {
            Name = name ?? NameOf(match),
            Match = match,
            Action = RouteActions.Read(map, match.Path, usual, scope.Targets),
            RequestHeaders = HeaderEdits.Read(map.Optional("request_headers", "What is changed in the request's headers.")),
            ResponseHeaders = HeaderEdits.Read(map.Optional("response_headers", "What is changed in the answer's headers.")),
            Filters = FilterSettings.Read(map, filters, scope),
            Source = item.Source,
        };
    }

    public static string NameOf(RouteMatchConfig match)
    {
        var path = match.Path.Kind switch
        {
            PathMatchKind.Connect => "CONNECT",
            PathMatchKind.Regex => "~" + match.Path.Value,
            PathMatchKind.Exact => "=" + match.Path.Value,
            _ => match.Path.Value,
        };
        return match.Methods.Count == 0 ? path : $"{string.Join(",", match.Methods)} {path}";
    }
}
