using Pillion.Core.Configuration.Reading;
using Pillion.Core.Identity;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Configuration.Reading;
using Pillion.Proxy.Filters.Authorization.Conditions;

namespace Pillion.Proxy.Filters.Authorization;

/// <summary>The short forms of names and paths in a rule: one of them, those that begin or end so, or any.</summary>
internal static class RuleText
{
    /// <summary><c>orders</c>, <c>orders-*</c>, <c>*-admin</c> or <c>*</c>.</summary>
    public static ConditionConfig? ReadName(ConfigValue value, ConditionKind kind)
    {
        if (value.AsTextOrNull() is not { } text)
        {
            return null;
        }

        if (text.Length == 0 || text.AsSpan(1..^Math.Min(1, text.Length - 1)).Contains('*') || text == "**")
        {
            value.FailText("is not a name", "use a name, beginning*, *end or *");
            return null;
        }

        return new() { Kind = kind, Text = Match(text) };
    }

    /// <summary><c>spiffe://td/ns/x/sa/y</c>, <c>spiffe://td/ns/x/*</c>, <c>spiffe://td</c>, <c>*/sa/y</c> or <c>*</c>.</summary>
    public static ConditionConfig? ReadIdentity(ConfigValue value)
    {
        if (value.AsTextOrNull() is not { } text)
        {
            return null;
        }

        if (text == "*" || (text.StartsWith("*/", StringComparison.Ordinal) && text.Length > 2 && !text[1..].Contains('*')))
        {
            return new() { Kind = ConditionKind.Identity, Text = Match(text) };
        }

        if (!SpiffePattern.TryParse(text, out _, out var problem))
        {
            value.FailText(problem, SpiffePattern.Remedy + ", */end or *");
            return null;
        }

        // The trust domain alone is everybody in it, as where identities are allowed by the listener.
        var isDomain = text.AsSpan(SpiffeId.Scheme.Length).IndexOf('/') < 0;
        return new() { Kind = ConditionKind.Identity, Text = Match(isDomain ? text + "/*" : text) };
    }

    /// <summary><c>/orders</c>, <c>/orders/*</c> (itself and what is below), <c>/order*</c>, <c>*/status</c> or <c>*</c>.</summary>
    public static ConditionConfig? ReadPath(ConfigValue value)
    {
        if (value.AsTextOrNull() is not { } text)
        {
            return null;
        }

        PathMatchConfig? path = text switch
        {
            "*" => new(PathMatchKind.Prefix, "/"),
            [.. var below, '/', '*'] when IsPath(below) => new(PathMatchKind.SeparatedPrefix, below),
            "/*" => new(PathMatchKind.Prefix, "/"),
            [.. var start, '*'] when IsPath(start) => new(PathMatchKind.Prefix, start),
            ['*', .. var end] when IsPath("/" + end) => new(PathMatchKind.Regex, ".*" + System.Text.RegularExpressions.Regex.Escape(end)),
            _ when IsPath(text) => new(PathMatchKind.Exact, text),
            _ => null,
        };
        if (path is null)
        {
            value.FailText("is not a path", "use /path, /path/* for it and what is below, /begin*, *end or *, without query");
        }

        return path is null ? null : new() { Kind = ConditionKind.Path, Path = path };
    }

    /// <summary>A host without port; a port is no part of a name, and <c>ports</c> says it better.</summary>
    public static ConditionConfig? ReadHost(ConfigValue value)
    {
        if (value.AsTextOrNull("host", text => HttpText.IsHostPattern(text) && (!text.Contains(':') || text.StartsWith('[')), "use a host name without port, *.suffix, prefix.* or *") is not { } text)
        {
            return null;
        }

        return new() { Kind = ConditionKind.Host, Text = Match(text) };
    }

    /// <summary><c>8080</c> or <c>9000-9010</c>.</summary>
    public static ConditionConfig? ReadPorts(ConfigValue value)
    {
        if (value.AsTextOrNull() is not { } text)
        {
            return null;
        }

        var dash = text.IndexOf('-');
        if (IsPort(dash < 0 ? text : text[..dash], out var first) && IsPort(dash < 0 ? text : text[(dash + 1)..], out var last) && first <= last)
        {
            return new() { Kind = ConditionKind.Port, Ports = (first, last) };
        }

        value.FailText("is not a port", "use 1-65535, or two with a hyphen such as 9000-9010");
        return null;
    }

    private static ValueMatchConfig Match(string text) => text switch
    {
        "*" => new() { Name = "", Kind = ValueMatchKind.Present },
        [.. var start, '*'] => new() { Name = "", Kind = ValueMatchKind.Prefix, Value = start },
        ['*', .. var end] => new() { Name = "", Kind = ValueMatchKind.Suffix, Value = end },
        _ => new() { Name = "", Kind = ValueMatchKind.Exact, Value = text },
    };

    private static bool IsPath(string text) => HttpText.IsPath(text) && !text.Contains('*');

    private static bool IsPort(string text, out int port) =>
        int.TryParse(text, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out port) && port is > 0 and <= 65535;
}
