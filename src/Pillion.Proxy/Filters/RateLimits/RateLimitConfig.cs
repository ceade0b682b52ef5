using Pillion.Core.Configuration;
using Pillion.Proxy.Configuration;

namespace Pillion.Proxy.Filters.RateLimits;

/// <summary>How many requests pass, by token buckets in this process (Envoy: LocalRateLimit).</summary>
internal sealed record RateLimitConfig : FilterConfig
{
    public override FilterKind Kind => FilterKinds.RateLimit;

    public override IEnumerable<string> FieldsRead =>
        Limits.Select(limit => limit.Header).Where(name => name.Length > 0)
            .Concat(Limits.SelectMany(limit => limit.Headers).Concat(Actions.SelectMany(set => set.Actions).SelectMany(action => action.Headers)).Select(header => header.Name))
            .Concat(Actions.SelectMany(set => set.Actions).Select(action => action.Header))
            .Where(name => name.Length > 0 && !name.StartsWith(':'));

    /// <summary>A request must find room in each of them that it falls under.</summary>
    public ValueList<RateConfig> Limits { get; init; } = [];

    /// <summary>The status of gRPC calls (Envoy: UNAVAILABLE, unless rate_limited_as_resource_exhausted).</summary>
    public int GrpcStatus { get; init; } = 8;

    /// <summary>Requests that are counted, in per cent (Envoy: filter_enabled).</summary>
    public double EnabledPercent { get; init; } = 100;

    /// <summary>Requests above the limit that are refused, in per cent; the others are told of and pass (Envoy: filter_enforced).</summary>
    public double EnforcedPercent { get; init; } = 100;

    /// <summary>Say in every answer what is left, by <c>x-ratelimit-limit</c>, <c>-remaining</c> and <c>-reset</c> (Envoy: enable_x_ratelimit_headers).</summary>
    public bool TellsRest { get; init; }

    /// <summary>Added to refusals (Envoy: response_headers_to_add).</summary>
    public HeaderEditConfig ResponseHeaders { get; init; } = HeaderEditConfig.None;

    /// <summary>Buckets for requests that are described so (Envoy: descriptors).</summary>
    public ValueList<DescriptorConfig> Descriptors { get; init; } = [];

    /// <summary>How requests are described: the filter's own, or those of the route (Envoy: rate_limits).</summary>
    public ValueList<RateActionsConfig> Actions { get; init; } = [];

    /// <summary>The actions are the filter's own, whatever the route says.</summary>
    public bool HasOwnActions { get; init; }

    /// <summary>Which of the route's actions are meant for this filter (Envoy: stage).</summary>
    public int Stage { get; init; }

    /// <summary>Requests that a descriptor covers take from <see cref="Limits"/> as well (Envoy: always_consume_default_token_bucket).</summary>
    public bool AlwaysTakesDefault { get; init; } = true;

    /// <summary>Whose actions count where the virtual host has some too (Envoy: vh_rate_limits).</summary>
    public HostRateActions HostActions { get; init; }

    public override FilterConfig ForRoute(ValueList<RateActionsConfig> route, ValueList<RateActionsConfig> host, bool includeHost)
    {
        if (HasOwnActions || Descriptors.Count == 0)
        {
            return this;
        }

        // Envoy: a virtual host's actions count where the route has none, or asks for them.
        var takesHost = HostActions == HostRateActions.Include || includeHost || (HostActions == HostRateActions.Override && route.Count == 0);
        var actions = (takesHost ? route.Concat(host) : route).Where(set => set.Stage == Stage).ToArray();
        return actions.Length == 0 ? this : this with { Actions = new(actions) };
    }
}

/// <summary>Envoy: VhRateLimitsOptions.</summary>
internal enum HostRateActions : byte
{
    /// <summary>The route's take the place of the virtual host's.</summary>
    Override,
    Include,
    Ignore,
}
