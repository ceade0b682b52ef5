using Pillion.Net.Http;
using Pillion.Proxy.Configuration;

namespace Pillion.Proxy.Routing;

/// <summary>All conditions of one route; the cheap ones are asked first.</summary>
internal sealed class RouteMatcher(RouteMatchConfig config)
{
    private readonly MethodMatcher? _method = config.Methods.Count == 0 ? null : new(config.Methods);
    private readonly HeaderMatcher[] _headers = [.. config.Headers.Select(header => new HeaderMatcher(header))];
    private readonly QueryMatcher[] _query = [.. config.Query.Select(parameter => new QueryMatcher(parameter))];

    public PathMatcher Path { get; } = new(config);

    public bool Matches(RequestHead head, ReadOnlySpan<byte> path, Scratch scratch)
    {
        // CONNECT names no path, so only the matcher made for it can say yes (as in Envoy).
        var pathMatches = head.Form == TargetForm.Authority
            ? Path.Kind == PathMatchKind.Connect
            : Path.Matches(path, scratch);
        return pathMatches && MatchesBesidePath(head, scratch);
    }

    /// <summary>
    /// For a request of which not every header is known: as <see cref="Matches"/>, and where only a header that is not known could still say no, the name of that
    /// header and true.
    /// </summary>
    public bool MayMatch(RequestHead head, ReadOnlySpan<byte> path, Scratch scratch, Func<string, bool> isKnown, out string? unknown)
    {
        unknown = null;
        foreach (var header in _headers)
        {
            if (!isKnown(header.Name))
            {
                unknown ??= header.Name;
            }
            else if (!header.Matches(head, scratch))
            {
                return false;
            }
        }

        return (head.Form == TargetForm.Authority ? Path.Kind == PathMatchKind.Connect : Path.Matches(path, scratch))
            && (_method is null || _method.Matches(head))
            && Array.TrueForAll(_query, parameter => parameter.Matches(head.Query, scratch));
    }

    /// <summary>For a route that a table of exact paths has already found.</summary>
    public bool MatchesBesidePath(RequestHead head, Scratch scratch)
    {
        if (_method is not null && !_method.Matches(head))
        {
            return false;
        }

        foreach (var header in _headers)
        {
            if (!header.Matches(head, scratch))
            {
                return false;
            }
        }

        if (_query.Length > 0)
        {
            var query = head.Query;
            foreach (var parameter in _query)
            {
                if (!parameter.Matches(query, scratch))
                {
                    return false;
                }
            }
        }

        return true;
    }
}
