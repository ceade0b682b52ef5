using Pillion.Core.Configuration;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Filters.RateLimits;

namespace Pillion.Proxy.Filters.GlobalRateLimits;

/// <summary>A service that counts requests for all sidecars together (Envoy: RateLimit).</summary>
internal sealed record GlobalRateLimitConfig : FilterConfig
{
    public override FilterKind Kind => FilterKinds.GlobalRateLimit;

    public override IEnumerable<string> FieldsRead =>
        Actions.SelectMany(set => set.Actions).SelectMany(action => action.Headers.Select(header => header.Name).Append(action.Header)).Where(name => name.Length > 0 && !name.StartsWith(':'));

    /// <summary>The cluster that is asked, by gRPC.</summary>
    public required string Cluster { get; init; }

    public string? Authority { get; init; }

    /// <summary>Whose limits they are; the service's configuration has it.</summary>
    public required string Domain { get; init; }

    /// <summary>Envoy: 20 ms.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMilliseconds(20);

    /// <summary>What cannot be asked about is refused (Envoy: failure_mode_deny).</summary>
    public bool FailsClosed { get; init; }

    /// <summary>The answer then (Envoy: status_on_error, 500).</summary>
    public int FailureStatus { get; init; } = 500;

    /// <summary>The answer above the limit (Envoy: rate_limited_status, 429).</summary>
    public int Status { get; init; } = 429;

    /// <summary>That to gRPC calls.</summary>
    public int GrpcStatus { get; init; } = 8;

    /// <summary>Answers tell by <c>x-ratelimit-*</c> what is left (Envoy: enable_x_ratelimit_headers).</summary>
    public bool TellsRest { get; init; }

    /// <summary>Answers above the limit say <c>x-envoy-ratelimited</c> (Envoy: disable_x_envoy_ratelimited_header).</summary>
    public bool TellsLimited { get; init; } = true;

    /// <summary>What answers above the limit carry besides (Envoy: response_headers_to_add).</summary>
    public HeaderEditConfig ResponseHeaders { get; init; } = HeaderEditConfig.None;

    /// <summary>How requests are described; each that applies is sent.</summary>
    public ValueList<RateActionsConfig> Actions { get; init; } = [];

    /// <summary>Only descriptions of this stage are this filter's (Envoy: stage).</summary>
    public int Stage { get; init; }

    public HostRateActions HostActions { get; init; } = HostRateActions.Override;

    public override FilterConfig ForRoute(ValueList<RateActionsConfig> route, ValueList<RateActionsConfig> host, bool includeHost)
    {
        var isIncluded = HostActions == HostRateActions.Include || includeHost || (HostActions == HostRateActions.Override && route.Count == 0);
        return this with { Actions = new([.. (isIncluded ? route.Concat(host) : route).Where(set => set.Stage == Stage)]) };
    }
}
