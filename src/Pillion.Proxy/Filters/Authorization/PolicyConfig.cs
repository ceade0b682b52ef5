using Pillion.Core.Configuration;

namespace Pillion.Proxy.Filters.Authorization;

/// <summary>Rules that decide together: a request that a deny rule matches is denied; then one that an allow rule matches is allowed.</summary>
internal sealed record PolicyConfig
{
    public ValueList<RuleConfig> Deny { get; init; } = [];

    public ValueList<RuleConfig> Allow { get; init; } = [];

    /// <summary>What no rule matches is denied: so it is once there is an allow rule.</summary>
    public bool DeniesRest { get; init; }

    /// <summary>Rules that only say that they matched (Envoy: action LOG).</summary>
    public ValueList<RuleConfig> Log { get; init; } = [];

    public IEnumerable<RuleConfig> Rules => Deny.Concat(Allow).Concat(Log);
}
