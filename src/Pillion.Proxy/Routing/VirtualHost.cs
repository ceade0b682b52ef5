using Pillion.Core.Configuration;
using Pillion.Net.Http;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Filters;

namespace Pillion.Proxy.Routing;

/// <summary>
/// The routes of one or several host names, the first that matches wins. Exact paths are found through a table, so a thousand of them cost
/// what one costs; all others are asked one by one, in their order, and the order across both is kept.
/// </summary>
internal sealed class VirtualHost
{
    private readonly Route[] _routes;
    private readonly int[] _asked;
    private readonly ByteTable<int[]>? _exact;

    public VirtualHost(VirtualHostConfig config, RouteTableConfig table, HttpRules rules, FilterCompiler? filters)
    {
        Name = config.Name;
        Source = config.Source;
        _routes = [.. config.Routes.Select(route => new Route(route, config, table, rules, filters))];

        var numbered = _routes.Index().ToList();
        var exact = numbered
            .Where(route => route.Item.Matcher.Path.TableKey is not null)
            .GroupBy(route => Convert.ToHexString(route.Item.Matcher.Path.TableKey!))
            .Select(same => KeyValuePair.Create(same.First().Item.Matcher.Path.TableKey!, same.Select(route => route.Index).ToArray()))
            .ToList();
        _exact = exact.Count == 0 ? null : new ByteTable<int[]>(exact, ignoreCase: false);
        _asked = [.. numbered.Where(route => route.Item.Matcher.Path.TableKey is null).Select(route => route.Index)];
    }

    public string Name { get; }

    public SourceLine Source { get; }

    public ReadOnlySpan<Route> Routes => _routes;

    /// <param name="path">The matching form of the head's path.</param>
    public Route? Match(RequestHead head, ReadOnlySpan<byte> path, Scratch scratch)
    {
        var found = head.Form == TargetForm.Authority ? null : _exact?.Find(path);
        var nextFound = 0;
        foreach (var index in _asked)
        {
            while (found is not null && nextFound < found.Length && found[nextFound] < index)
            {
                var exact = _routes[found[nextFound++]];
                if (exact.Matcher.MatchesBesidePath(head, scratch))
                {
                    return exact;
                }
            }

            var route = _routes[index];
            if (route.Matcher.Matches(head, path, scratch))
            {
                return route;
            }
        }

        for (; found is not null && nextFound < found.Length; nextFound++)
        {
            var exact = _routes[found[nextFound]];
            if (exact.Matcher.MatchesBesidePath(head, scratch))
            {
                return exact;
            }
        }

        return null;
    }
}
