using Pillion.Core.Configuration;

namespace Pillion.Proxy.Filters.Egress;

/// <summary>The hosts outside of the services that may be called; before the routes of unknown hosts it is a filter.</summary>
internal sealed record AllowedHostsConfig : FilterConfig
{
    private static readonly AllowedHostsKind TheKind = new();

    public override FilterKind Kind => TheKind;

    public ValueList<AllowedHostConfig> Hosts { get; init; } = [];
}
