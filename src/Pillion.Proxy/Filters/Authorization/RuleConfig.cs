using Pillion.Core.Configuration;
using Pillion.Proxy.Filters.Authorization.Conditions;

namespace Pillion.Proxy.Filters.Authorization;

/// <summary>One condition of a rule, with the setting that says it: a refusal can then tell which one kept a rule from matching.</summary>
internal sealed record RuleConditionConfig(string Setting, ConditionConfig Condition);

/// <summary>A rule matches when all of its conditions are true.</summary>
internal sealed record RuleConfig
{
    public required string Name { get; init; }

    public required ValueList<RuleConditionConfig> Conditions { get; init; }

    /// <summary>It is only counted and told.</summary>
    public bool DryRun { get; init; }

    public SourceLine Source { get; init; }
}
