using Pillion.Core.Configuration;
using Pillion.Core.Signals.Metrics;
using Pillion.Net.Http;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Filters;

namespace Pillion.Proxy.Routing;

/// <summary>A compiled route: what it matches, what it does, what it edits.</summary>
internal sealed class Route
{
    public Route(RouteConfig config, VirtualHostConfig host, RouteTableConfig table, HttpRules rules, FilterCompiler? filters)
    {
        Name = config.Name;
        VirtualHost = host.Name;
        Source = config.Source;
        Matcher = new RouteMatcher(config.Match);
        Action = RouteAction.Compile(config.Action, host, Matcher.Path, rules);
        RequestHeaders = HeaderEdits.Compile([config.RequestHeaders, host.RequestHeaders, table.RequestHeaders]);
        Filters = filters?.Compile(config.Filters) ?? RouteFilters.None;
        ResponseHeaders = HeaderEdits.Compile([config.ResponseHeaders, host.ResponseHeaders, table.ResponseHeaders]);
    }

    public string Name { get; }

    /// <summary>The virtual host's name.</summary>
    public string VirtualHost { get; }

    public SourceLine Source { get; }

    /// <summary>What is counted of it, by loop.</summary>
    public RouteMetrics[] Metrics { get; set; } = [];

    public RouteMatcher Matcher { get; }

    public RouteFilters Filters { get; }

    public RouteAction Action { get; }

    /// <summary>The edits of the route, its virtual host and its table, in that order.</summary>
    public HeaderEdits RequestHeaders { get; }

    /// <inheritdoc cref="RequestHeaders"/>
    public HeaderEdits ResponseHeaders { get; }
}
