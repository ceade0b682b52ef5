using Pillion.Core.Configuration;
using Pillion.Proxy.Filters.RateLimits;

namespace Pillion.Proxy.Filters;

/// <summary>A filter as the user wrote it. Its type says which kind it is; equal by content, so that what did not change keeps its state over a reload.</summary>
internal abstract record FilterConfig
{
    public abstract FilterKind Kind { get; }

    /// <summary>Names of request headers that it decides on: what imitates one of them, with underscores for hyphens, is rejected before.</summary>
    public virtual IEnumerable<string> FieldsRead => [];

    public SourceLine Source { get; init; }

    /// <summary>What it is on a route of Envoy's that says something to rate limits (Envoy: rate_limits of the route and of its virtual host).</summary>
    /// <param name="includeHost">The route asks for its virtual host's too.</param>
    public virtual FilterConfig ForRoute(ValueList<RateActionsConfig> route, ValueList<RateActionsConfig> host, bool includeHost) => this;
}
