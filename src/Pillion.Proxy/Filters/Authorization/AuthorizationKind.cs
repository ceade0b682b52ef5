using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;
using Pillion.Proxy.Configuration.Envoy;
using Pillion.Proxy.Configuration.Native;

namespace Pillion.Proxy.Filters.Authorization;

/// <summary><c>authorization:</c> and Envoy's <c>envoy.filters.http.rbac</c>.</summary>
internal sealed class AuthorizationKind : FilterKind
{
    public override string Name => "authorization";

    public override string Meaning => "Who may do what: rules that deny, then rules that allow; once there is one that allows, nothing else passes. `off` where a route shall have none.";

    public override EnvoyExtension Envoy { get; } = new("RBAC", "envoy.filters.http.rbac");

    public override EnvoyExtension EnvoyRoute { get; } = new("RBACPerRoute", "envoy.filters.http.rbac");

    public override FilterConfig? Read(ConfigValue value, NativeScope scope)
    {
        using var map = value.AsMap("authorization");
        var names = new HashSet<string>(StringComparer.Ordinal);
        var dryRun = map.Optional("dry_run", "Only count and log what the rules would do; a rule may say otherwise.").AsBool(false);
        var deny = ReadRules(map.Optional("deny", "A list of [rules](#authorization-rule); what one of them matches is refused, whatever allows it."), "deny", dryRun, names);
        var allow = ReadRules(map.Optional("allow", "A list of [rules](#authorization-rule); where there is one, what none of them matches is refused."), "allow", dryRun, names);
        if (value.IsMap && !map.Has("deny") && !map.Has("allow"))
        {
            map.Fail("has no rule", "give deny, allow or both");
        }

        if (!value.IsMap)
        {
            return null;
        }

        PolicyConfig all = new() { Deny = deny, Allow = allow, DeniesRest = allow.Count > 0 };
        PolicyConfig enforced = new() { Deny = Enforced(deny), Allow = Enforced(allow), DeniesRest = allow.Any(rule => !rule.DryRun) };
        return new AuthorizationConfig
        {
            Enforced = enforced.Rules.Any() ? enforced : null,
            Shadow = all.Rules.Any(rule => rule.DryRun) ? all : null,
            Source = value.Source,
        };
    }

    public override FilterConfig? ReadEnvoy(ConfigMap settings, EnvoyScope scope) => RbacReader.Read(settings);

    public override FilterConfig? ReadEnvoyRoute(ConfigMap settings, FilterConfig? listeners, EnvoyScope scope)
    {
        // Without rbac the filter is off here.
        var value = settings.Optional("rbac");
        using var map = value.AsMap("RBAC");
        var read = RbacReader.Read(map);
        return value.IsMap ? read : null;
    }

    public override Filter Compile(FilterConfig config, FilterContext context) => new AuthorizationFilter((AuthorizationConfig)config, context);

    private static ValueList<RuleConfig> Enforced(ValueList<RuleConfig> rules) => new([.. rules.Where(rule => !rule.DryRun)]);

    // No rules at all has been taken for everything and for nothing.
    private static ValueList<RuleConfig> ReadRules(ConfigValue value, string verb, bool dryRun, HashSet<string> names)
    {
        if (value.IsList && value.Count == 0)
        {
            value.Fail("is empty", verb == "allow" ? "remove it to allow everything, or write 'deny: [{ any: true }]' to refuse everything" : "remove it, or add a rule");
        }

        return value.AsList(item => RuleReader.Read(item, verb, dryRun, names));
    }
}
