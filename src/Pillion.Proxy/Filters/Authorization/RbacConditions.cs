using Pillion.Core.Configuration.Reading;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Configuration.Envoy;
using Pillion.Proxy.Filters.Authorization.Conditions;

namespace Pillion.Proxy.Filters.Authorization;

/// <summary>Envoy's Permission and Principal: each is one condition, or a tree of them.</summary>
internal static class RbacConditions
{
    private const int Deepest = 16;
    private const string Metadata = "looks at metadata of other filters, which Pillion does not have";
    private const string NoMetadata = "use header, authenticated or url_path; claims of tokens can be asked for in Pillion's own files";

    public static ConditionConfig? ReadPermission(ConfigValue value, int depth)
    {
        using var map = value.AsMap("Permission");
        if (IsTooDeep(value, map, depth))
        {
            return null;
        }

        foreach (var (name, problem) in ((string, string)[])[("matcher", "is an extension that is not supported"), ("uri_template", "is a template that is not supported"), ("metadata", Metadata), ("sourced_metadata", Metadata)])
        {
            map.Refuse(name, problem, name.EndsWith("metadata", StringComparison.Ordinal) ? NoMetadata : "use url_path");
        }

        var port = map.Optional("destination_port");
        var given = new List<(ConfigValue Value, ConditionConfig? Read)>();
        Take(given, map.Optional("and_rules"), item => ReadSet(item, "rules", "Permission set", each => ReadPermission(each, depth + 1), ConditionConfig.All));
        Take(given, map.Optional("or_rules"), item => ReadSet(item, "rules", "Permission set", each => ReadPermission(each, depth + 1), ConditionConfig.OneOf));
        Take(given, map.Optional("not_rule"), item => ReadPermission(item, depth + 1) is { } rule ? ConditionConfig.Not(rule) : null);
        Take(given, map.Optional("any"), ReadTrue);
        Take(given, map.Optional("header"), ReadHeader);
        Take(given, map.Optional("url_path"), ReadPath);
        Take(given, map.Optional("destination_ip"), item => ReadNetwork(item, ConditionKind.Destination));
        Take(given, port, item => item.AsInt(0, 0, 65535) is var number ? new() { Kind = ConditionKind.Port, Ports = (number, number) } : null);
        Take(given, map.Optional("destination_port_range"), ReadPorts);
        Take(given, map.Optional("requested_server_name"), item => ReadText(item, ConditionKind.ServerName));
        return One(value, map, given, "and_rules, or_rules, not_rule, any, header, url_path, destination_ip, destination_port, destination_port_range or requested_server_name");
    }

    public static ConditionConfig? ReadPrincipal(ConfigValue value, int depth)
    {
        using var map = value.AsMap("Principal");
        if (IsTooDeep(value, map, depth))
        {
            return null;
        }

        foreach (var name in (string[])["metadata", "sourced_metadata", "filter_state"])
        {
            map.Refuse(name, Metadata, NoMetadata);
        }

        map.Refuse("custom", "is an extension that is not supported", "use authenticated");
        var given = new List<(ConfigValue Value, ConditionConfig? Read)>();
        Take(given, map.Optional("and_ids"), item => ReadSet(item, "ids", "Principal set", each => ReadPrincipal(each, depth + 1), ConditionConfig.All));
        Take(given, map.Optional("or_ids"), item => ReadSet(item, "ids", "Principal set", each => ReadPrincipal(each, depth + 1), ConditionConfig.OneOf));
        Take(given, map.Optional("not_id"), item => ReadPrincipal(item, depth + 1) is { } id ? ConditionConfig.Not(id) : null);
        Take(given, map.Optional("any"), ReadTrue);
        Take(given, map.Optional("authenticated"), ReadAuthenticated);
        Take(given, map.Optional("source_ip"), item => ReadNetwork(item, ConditionKind.Peer));
        Take(given, map.Optional("direct_remote_ip"), item => ReadNetwork(item, ConditionKind.Peer) is { } network ? network with { IsPhysical = true } : null);
        Take(given, map.Optional("remote_ip"), item => ReadNetwork(item, ConditionKind.Client));
        Take(given, map.Optional("header"), ReadHeader);
        Take(given, map.Optional("url_path"), ReadPath);
        return One(value, map, given, "and_ids, or_ids, not_id, any, authenticated, source_ip, direct_remote_ip, remote_ip, header or url_path");
    }

    // While the readers are asked what they read, one level says it all.
    private static bool IsTooDeep(ConfigValue value, ConfigMap map, int depth)
    {
        if (depth <= (value.IsDescribing ? 0 : Deepest))
        {
            return false;
        }

        if (!value.IsDescribing)
        {
            map.Fail("is nested too deeply", $"use at most {Deepest} levels");
        }

        return true;
    }

    private static void Take(List<(ConfigValue Value, ConditionConfig? Read)> given, ConfigValue value, Func<ConfigValue, ConditionConfig?> read)
    {
        if (value.Exists || value.IsDescribing)
        {
            given.Add((value, read(value)));
        }
    }

    private static ConditionConfig? One(ConfigValue value, ConfigMap map, List<(ConfigValue Value, ConditionConfig? Read)> given, string names)
    {
        if (value.IsMap && given.Count != 1)
        {
            map.Fail(given.Count == 0 ? "says nothing that must be so" : "says several things", $"give one of {names}");
        }

        return given.Count == 0 ? null : given[0].Read;
    }

    private static ConditionConfig? ReadSet(ConfigValue value, string list, string shape, Func<ConfigValue, ConditionConfig?> read, Func<IEnumerable<ConditionConfig>, ConditionConfig> join)
    {
        using var map = value.AsMap(shape);
        var items = map.Required(list);
        var conditions = items.AsList(read);
        if (items.IsList && items.Count == 0)
        {
            items.Fail("is empty", "add to it, or say any: true");
        }

        return conditions.Count == 0 ? null : join(conditions);
    }

    private static ConditionConfig? ReadTrue(ConfigValue value)
    {
        if (value.AsBool(true))
        {
            return ConditionConfig.Any;
        }

        value.FailText("says nothing", "use any: true");
        return null;
    }

    private static ConditionConfig? ReadHeader(ConfigValue value)
    {
        var methods = new List<string>();
        var match = EnvoyValueMatch.ReadHeader(value, methods);
        return methods.Count > 0 ? new() { Kind = ConditionKind.Method, Methods = new([.. methods]) } : match is null ? null : new() { Kind = ConditionKind.Header, Text = match };
    }

    // PathMatcher: a text and what it must be like.
    private static ConditionConfig? ReadPath(ConfigValue value)
    {
        using var map = value.AsMap("PathMatcher");
        if (EnvoyValueMatch.ReadText(map.Required("path"), new() { Name = "" }) is not { } text)
        {
            return null;
        }

        var path = text.Kind switch
        {
            ValueMatchKind.Prefix => new PathMatchConfig(PathMatchKind.Prefix, text.Value),
            ValueMatchKind.Suffix => new(PathMatchKind.Regex, ".*" + Literal(text)),
            ValueMatchKind.Contains => new(PathMatchKind.Regex, ".*" + Literal(text) + ".*"),
            ValueMatchKind.Regex => new(PathMatchKind.Regex, text.Value),
            _ => new(PathMatchKind.Exact, text.Value),
        };
        return new() { Kind = ConditionKind.Path, Path = path, IgnoreCase = text.IgnoreCase };
    }

    private static string Literal(ValueMatchConfig text) => (text.IgnoreCase ? "(?i)" : "") + System.Text.RegularExpressions.Regex.Escape(text.Value);

    private static ConditionConfig? ReadAuthenticated(ConfigValue value)
    {
        using var map = value.AsMap("Authenticated");
        var name = map.Optional("principal_name");
        var text = EnvoyValueMatch.ReadText(name, new() { Name = "" });
        return !name.Exists ? new() { Kind = ConditionKind.Tls } : text is null ? null : new() { Kind = ConditionKind.Certificate, Text = text };
    }

    private static ConditionConfig? ReadText(ConfigValue value, ConditionKind kind) => EnvoyValueMatch.ReadText(value, new() { Name = "" }) is { } text ? new() { Kind = kind, Text = text } : null;

    private static ConditionConfig? ReadNetwork(ConfigValue value, ConditionKind kind) => EnvoyNetwork.Read(value) is { } network ? new() { Kind = kind, Networks = [network] } : null;

    // Int32Range: the end is not part of it.
    private static ConditionConfig? ReadPorts(ConfigValue value)
    {
        using var map = value.AsMap("Int32Range");
        var start = map.Optional("start").AsInt(0, 0, 65536);
        var end = map.Optional("end").AsInt(0, 0, 65536);
        if (value.IsMap && start >= end)
        {
            map.Fail("is empty: its end, which is not part of it, is not above its start", "use a larger end");
        }

        return new() { Kind = ConditionKind.Port, Ports = (start, end - 1) };
    }
}
