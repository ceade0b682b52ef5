using Pillion.Core.Configuration;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Filters;

namespace Pillion.Proxy.Routing;

/// <summary>A mistake in a table of routes.</summary>
/// <param name="Source">The line of the route or virtual host.</param>
/// <param name="Message">What is wrong and what would be right.</param>
internal readonly record struct RouteMistake(SourceLine Source, string Message);

/// <summary>
/// Everything that would keep a table from being built, whichever file format it came from. The readers of the formats may find the same earlier
/// and name the column; this is the net below them.
/// </summary>
internal static class RouteTableCheck
{
    public static IReadOnlyList<RouteMistake> Find(RouteTableConfig config)
    {
        var mistakes = new List<RouteMistake>();
        Edits(config.RequestHeaders, default, mistakes);
        Edits(config.ResponseHeaders, default, mistakes);

        var domains = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var host in config.VirtualHosts)
        {
            foreach (var domain in host.Domains)
            {
                if (CheckDomain(domain) is { } wrong)
                {
                    mistakes.Add(new(host.Source, wrong));
                }
                else if (!domains.TryAdd(domain, host.Name))
                {
                    mistakes.Add(new(host.Source, $"domain '{domain}' is already that of virtual host '{domains[domain]}'; a domain can be listed once"));
                }
            }

            Edits(host.RequestHeaders, host.Source, mistakes);
            Edits(host.ResponseHeaders, host.Source, mistakes);
            foreach (var route in host.Routes)
            {
                Route(route, mistakes);
            }
        }

        return mistakes;
    }

    /// <summary>What is wrong with a domain of a virtual host; null when nothing is.</summary>
    public static string? CheckDomain(string domain)
    {
        var star = domain.IndexOf('*');
        return
            domain.Length == 0 ? "a domain cannot be empty; '*' is every host" :
            domain.AsSpan().ContainsAnyInRange('\0', ' ') || domain.Contains('/') ? $"'{domain}' is not a host name" :
            star >= 0 && (domain.LastIndexOf('*') != star || (star > 0 && star < domain.Length - 1))
                ? $"'{domain}': a star stands once, first or last: '*.example.com', 'orders.*' or '*'" :
            null;
    }

    private static void Route(RouteConfig route, List<RouteMistake> mistakes)
    {
        Edits(route.RequestHeaders, route.Source, mistakes);
        Edits(route.ResponseHeaders, route.Source, mistakes);
        foreach (var part in (route.Action as ForwardConfig)?.Split?.Parts ?? [])
        {
            Edits(part.RequestHeaders, route.Source, mistakes);
            Edits(part.ResponseHeaders, route.Source, mistakes);
        }

        if (route.Match.Path.Kind == PathMatchKind.Regex)
        {
            Add(RegexSyntax.Check(route.Match.Path.Value), $"regex '{route.Match.Path.Value}'");
            if (route.Match.IgnoreCase)
            {
                Add("ignoring case does nothing here; begin the regex with (?i)", $"regex '{route.Match.Path.Value}'");
            }
        }

        foreach (var value in route.Match.Headers.Concat(route.Match.Query).Where(value => value.Kind == ValueMatchKind.Regex))
        {
            Add(RegexSyntax.Check(value.Value), $"match of '{value.Name}', regex '{value.Value}'");
            if (value.IgnoreCase)
            {
                Add("ignoring case does nothing here; begin the regex with (?i)", $"match of '{value.Name}', regex '{value.Value}'");
            }
        }

        var (prefix, regex) = route.Action switch
        {
            ForwardConfig forward => (forward.PrefixRewrite, forward.RegexRewrite),
            RedirectConfig redirect => (redirect.PrefixRewrite, redirect.RegexRewrite),
            _ => (null, null),
        };
        if (prefix is not null && regex is not null)
        {
            Add("a path is rewritten by prefix or by regex, not by both", "rewrite");
        }

        if (regex is not null)
        {
            var wrong = RegexSyntax.Check(regex.Pattern) ?? RegexSyntax.CheckSubstitution(regex.Pattern, regex.Substitution);
            Add(wrong, $"rewrite of '{regex.Pattern}' to '{regex.Substitution}'");
        }

        void Add(string? wrong, string what)
        {
            if (wrong is not null)
            {
                mistakes.Add(new(route.Source, $"{what}: {wrong}"));
            }
        }
    }

    private static void Edits(HeaderEditConfig edits, SourceLine source, List<RouteMistake> mistakes)
    {
        foreach (var name in edits.Remove)
        {
            if (HeaderEdits.CheckName(name, removes: true) is { } wrong)
            {
                mistakes.Add(new(source, wrong));
            }
        }

        foreach (var header in edits.Add)
        {
            if (HeaderEdits.CheckName(header.Name) is { } wrongName)
            {
                mistakes.Add(new(source, wrongName));
            }

            if (HeaderTemplate.Check(header.Value) is { } wrongValue)
            {
                mistakes.Add(new(source, $"{header.Name}: {wrongValue}"));
            }
        }
    }
}
