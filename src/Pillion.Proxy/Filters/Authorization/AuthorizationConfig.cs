using Pillion.Proxy.Filters.Authorization.Conditions;

namespace Pillion.Proxy.Filters.Authorization;

/// <summary>Who may do what (Istio: AuthorizationPolicy; Envoy: RBAC).</summary>
internal sealed record AuthorizationConfig : FilterConfig
{
    public override FilterKind Kind => FilterKinds.Authorization;

    public override IEnumerable<string> FieldsRead => Conditions.SelectMany(condition => condition.Headers);

    /// <summary>A rule asks for the peer behind a PROXY header, which is not kept.</summary>
    public bool AsksForPhysicalPeer => Conditions.Any(condition => condition.AsksForPhysical);

    /// <summary>What refuses; null where all is a dry run.</summary>
    public PolicyConfig? Enforced { get; init; }

    /// <summary>What would be if the dry run were none; null where there is no dry run (Envoy: shadow_rules).</summary>
    public PolicyConfig? Shadow { get; init; }

    private IEnumerable<ConditionConfig> Conditions => new[] { Enforced, Shadow }.OfType<PolicyConfig>().SelectMany(policy => policy.Rules).SelectMany(rule => rule.Conditions).Select(condition => condition.Condition);
}
