using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Configuration.Native;
using Pillion.Proxy.Configuration.Reading;
using Pillion.Proxy.Filters.Authorization.Conditions;

namespace Pillion.Proxy.Filters.Authorization;

/// <summary>
/// One rule in Pillion's own file: conditions that must all be true, each a list of which one must be. Every list has a twin with <c>not_</c> before it, none of
/// which may be true.
/// </summary>
internal static class RuleReader
{
    private delegate ConditionConfig? Reader(ConfigValue value);

    private static readonly (string Name, string Meaning, Reader Read)[] Lists =
    [
        ("identities", "Who the peer proved to be by mutual TLS: `spiffe://td/ns/x/sa/y`, `spiffe://td/ns/x/*`, `spiffe://td` for a whole trust domain, `*/sa/y`, or `*` for anybody with an identity.", RuleText.ReadIdentity),
        ("trust_domains", "The trust domain of the peer's identity.", value => RuleText.ReadName(value, ConditionKind.TrustDomain)),
        ("namespaces", "The namespace of the peer's identity, where it is `/ns/NAMESPACE/sa/ACCOUNT`. Names may begin or end with a star.", value => RuleText.ReadName(value, ConditionKind.Namespace)),
        ("service_accounts", "The service account of the peer's identity, in whatever namespace.", value => RuleText.ReadName(value, ConditionKind.ServiceAccount)),
        ("users", "The user that `basic_auth` verified; `*` is any.", value => RuleText.ReadName(value, ConditionKind.User)),
        ("api_clients", "The client whose key `api_keys` verified; `*` is any.", value => RuleText.ReadName(value, ConditionKind.ApiClient)),
        ("peers", "The address of the peer itself, as networks: `10.0.0.0/8`, or one address.", value => ReadNetwork(value, ConditionKind.Peer)),
        ("clients", "The address before the proxies that `http.trusted_hops` believes, by X-Forwarded-For; the peer's where it is 0.", value => ReadNetwork(value, ConditionKind.Client)),
        ("methods", "The method.", ReadMethod),
        ("paths", "The path, as routes see it: `/a`, `/a/*` for it and what is below, `/a*` for what begins so, `*/a` for what ends so, `*`.", RuleText.ReadPath),
        ("hosts", "The host that is asked for, without port: `a.example`, `*.example`, `a.*`.", RuleText.ReadHost),
        ("ports", "The port that the client connected to, `8080` or `9000-9010`: of redirected connections the one it wanted.", RuleText.ReadPorts),
    ];

    /// <param name="verb">deny or allow, for a rule without a name.</param>
    public static RuleConfig? Read(ConfigValue value, string verb, bool dryRun, HashSet<string> names)
    {
        using var map = value.AsMap("authorization rule");
        var named = map.Optional("name", "The name in metrics, logs and answers; made of its place when absent, such as `allow[0]`.");
        var name = named.AsTextOrNull("name", text => text.Length is > 0 and <= 64 && !text.Any(char.IsControl), "use 1-64 visible characters") ?? ConfigPathEnd(value, verb);
        var isDryRun = map.Optional("dry_run", "Only count and log what the rule would do.").AsBool(dryRun);
        var any = map.Optional("any", "Every request: must be said, so that a rule whose conditions were forgotten is a mistake and not a hole.");
        var conditions = new List<RuleConditionConfig>();
        foreach (var (setting, meaning, read) in Lists)
        {
            Add(conditions, setting, ReadList(map.Optional(setting, meaning), read));
            var negative = "not_" + setting;
            Add(conditions, negative, ReadList(map.Optional(negative, $"None of these may be true, as in `{setting}`."), read) is { } one ? ConditionConfig.Not(one) : null);
        }

        AddValues(conditions, "headers", ConditionKind.Header, RouteMatches.ReadHeaders(map.Optional("headers", "Conditions on headers, as in a route; all must be true. A header that is not there has no value, so `not` is true of it.")));
        AddValues(conditions, "query", ConditionKind.Query, RouteMatches.ReadQuery(map.Optional("query", "As `headers`, for parameters of the query.")));
        AddValues(conditions, "claims", ConditionKind.Claim, RouteMatches.ReadQuery(map.Optional("claims", "As `headers`, for claims of the token that `jwt` verified: `iss`, `groups`, `realm_access.roles`. Of a list, one value must be so.")));
        var isAny = any.AsBool(false);
        map.Refuse("identity", "'identity' is not a setting", "did you mean 'identities'?");
        if (value.IsMap)
        {
            // One that was written with a mistake is there all the same.
            var isGiven = Lists.Any(list => map.Has(list.Name) || map.Has("not_" + list.Name)) || map.Has("headers") || map.Has("query") || map.Has("claims") || map.Has("identity");
            Check(map, any, isAny, conditions.Count > 0 || isGiven);
            if (!names.Add(name))
            {
                map.Fail($"has the name of another rule, {ConfigError.Quote(name)}", "give each its own name");
            }
        }

        return !value.IsMap ? null : new()
        {
            Name = name,
            DryRun = isDryRun,
            Conditions = isAny ? [new("any", ConditionConfig.Any)] : new([.. conditions]),
            Source = value.Source,
        };
    }

    private static void Check(ConfigMap map, ConfigValue any, bool isAny, bool hasConditions)
    {
        if (any.Exists && !isAny)
        {
            any.Fail("says nothing", "remove it, or say any: true");
        }
        else if (isAny && hasConditions)
        {
            any.Fail("stands beside conditions, which narrow it", "keep either any: true or the conditions");
        }
        else if (!isAny && !hasConditions)
        {
            map.Fail("has no condition, and would match every request or none", "give a condition, or say any: true for every request");
        }
    }

    private static ConditionConfig? ReadList(ConfigValue value, Reader read)
    {
        if (value.IsDescribing)
        {
            _ = value.AsTexts(item => item.Text);
            return null;
        }

        if (value.IsList && value.Count == 0)
        {
            value.Fail("is empty, and nothing can be one of none", "remove it, or name something");
        }

        ConditionConfig[] read1 = value.IsText ? [.. new[] { read(value) }.OfType<ConditionConfig>()] : [.. value.AsList(item => read(item))];
        return read1.Length == 0 ? null : Fold(read1);
    }

    // Networks and methods of one list are one condition, which compares them all at once.
    private static ConditionConfig Fold(ConditionConfig[] parts) => parts[0].Kind switch
    {
        ConditionKind.Peer or ConditionKind.Client => parts[0] with { Networks = new([.. parts.SelectMany(part => part.Networks)]) },
        ConditionKind.Method => parts[0] with { Methods = new([.. parts.SelectMany(part => part.Methods)]) },
        _ => ConditionConfig.OneOf(parts),
    };

    private static void Add(List<RuleConditionConfig> conditions, string setting, ConditionConfig? condition)
    {
        if (condition is not null)
        {
            conditions.Add(new(setting, condition));
        }
    }

    // A route's condition on a value that is missing is never true, negated or not; whoever denies all but one value means the missing one too.
    private static void AddValues(List<RuleConditionConfig> conditions, string setting, ConditionKind kind, ValueList<ValueMatchConfig> matches)
    {
        foreach (var match in matches)
        {
            var negates = match is { Invert: true, Kind: not ValueMatchKind.Present };
            var isAbsent = kind == ConditionKind.Claim && match is { Invert: true, Kind: ValueMatchKind.Present };
            var condition = new ConditionConfig { Kind = kind, Text = negates || isAbsent ? match with { Invert = false } : match };
            conditions.Add(new($"{setting}.{match.Name}", negates || isAbsent ? ConditionConfig.Not(condition) : condition));
        }
    }

    private static ConditionConfig? ReadNetwork(ConfigValue value, ConditionKind kind) => value.AsNetworkOrNull() is { } network ? new() { Kind = kind, Networks = [network] } : null;

    private static ConditionConfig? ReadMethod(ConfigValue value) =>
        value.AsTextOrNull("method", HttpText.IsToken, "use a method such as GET") is { } method ? new() { Kind = ConditionKind.Method, Methods = [method.ToUpperInvariant()] } : null;

    // "inbound.authorization.deny[2]" is deny[2] here.
    private static string ConfigPathEnd(ConfigValue value, string verb) => value.Path.LastIndexOf(verb + "[", StringComparison.Ordinal) is >= 0 and var at ? value.Path[at..] : verb;
}
