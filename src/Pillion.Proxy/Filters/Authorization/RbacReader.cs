using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;
using Pillion.Proxy.Configuration.Envoy;
using Pillion.Proxy.Filters.Authorization.Conditions;

namespace Pillion.Proxy.Filters.Authorization;

/// <summary>Envoy's RBAC: rules and shadow_rules, each with one action and policies by their names.</summary>
internal static class RbacReader
{
    private enum Action
    {
        Allow,
        Deny,
        Log,
    }

    private static readonly Registry<Action> Actions = new("action")
    {
        { "ALLOW", Action.Allow },
        { "DENY", Action.Deny },
        { "LOG", Action.Log },
    };

    private static readonly string[] Matchers = ["matcher", "shadow_matcher"];
    private static readonly string[] Prefixes = ["rules_stat_prefix", "shadow_rules_stat_prefix"];

    public static AuthorizationConfig Read(ConfigMap settings)
    {
        foreach (var name in Matchers)
        {
            settings.Refuse(name, "is a tree of matchers, which is not supported", "use rules with policies");
        }

        foreach (var name in Prefixes)
        {
            settings.Refuse(name, "names metrics, and those of Pillion have the filter's name", "remove it");
        }

        // Each rule is always counted.
        _ = settings.Optional("track_per_rule_stats").AsBool(false);
        var rules = settings.Optional("rules");
        var shadow = settings.Optional("shadow_rules");
        return new()
        {
            Enforced = ReadRules(rules, isShadow: false),
            Shadow = ReadRules(shadow, isShadow: true),
            Source = settings.Source,
        };
    }

    private static PolicyConfig? ReadRules(ConfigValue value, bool isShadow)
    {
        using var map = value.AsMap("RBAC rules");
        var action = map.Optional("action");
        var verb = action.AsOneOf(Actions, Action.Allow);
        var read = new List<RuleConfig>();
        map.Optional("policies").AsNamed("NAME", (name, item) => read.Add(ReadPolicy(name, item, isShadow)));
        map.Refuse("audit_logging_options", "asks for audit loggers, which are not supported", "remove it; the access log has each refusal");
        if (isShadow && verb == Action.Log)
        {
            action.FailText("refuses nothing, so there is nothing to try", "put it into rules, or use ALLOW or DENY");
        }

        // Envoy goes by the order of the names.
        ValueList<RuleConfig> rules = new([.. read.OrderBy(rule => rule.Name, StringComparer.Ordinal)]);
        return !value.IsMap ? null : verb switch
        {
            Action.Deny => new() { Deny = rules },
            Action.Log => new() { Log = rules },
            _ => new() { Allow = rules, DeniesRest = true },
        };
    }

    private static RuleConfig ReadPolicy(string name, ConfigValue value, bool isShadow)
    {
        using var map = value.AsMap("RBAC policy");
        map.Refuse("condition", "is an expression of CEL, which is not supported", "write it as permissions and principals");
        map.Refuse("checked_condition", "is an expression of CEL, which is not supported", "write it as permissions and principals");
        var permissions = ReadAny(map.Required("permissions"), item => RbacConditions.ReadPermission(item, depth: 0));
        var principals = ReadAny(map.Required("principals"), item => RbacConditions.ReadPrincipal(item, depth: 0));
        return new()
        {
            Name = name,
            DryRun = isShadow,
            Conditions = [new("permissions", permissions), new("principals", principals)],
            Source = value.Source,
        };
    }

    private static ConditionConfig ReadAny(ConfigValue value, Func<ConfigValue, ConditionConfig?> read)
    {
        var conditions = value.AsList(read);
        if (value.IsList && value.Count == 0)
        {
            value.Fail("is empty", "say any: true for all");
        }

        // After a mistake: the whole file is refused.
        return conditions.Count == 0 ? ConditionConfig.Not(ConditionConfig.Any) : ConditionConfig.OneOf(conditions);
    }
}
