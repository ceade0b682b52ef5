using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;
using Pillion.Proxy.Configuration.Reading;

namespace Pillion.Proxy.Configuration.Envoy;

/// <summary>HeaderMatcher and QueryParameterMatcher, with the fields that string_match has replaced.</summary>
internal static class EnvoyValueMatch
{
    private static readonly (string Field, string OldField, ValueMatchKind Kind)[] Texts =
    [
        ("exact", "exact_match", ValueMatchKind.Exact),
        ("prefix", "prefix_match", ValueMatchKind.Prefix),
        ("suffix", "suffix_match", ValueMatchKind.Suffix),
        ("contains", "contains_match", ValueMatchKind.Contains),
    ];

    /// <summary>A condition on a header; one on <c>:method</c> goes to the methods instead.</summary>
    public static ValueMatchConfig? ReadHeader(ConfigValue value, List<string> methods)
    {
        using var map = value.AsMap("HeaderMatcher");
        var name = map.Required("name");
        var match = new ValueMatchConfig { Name = ReadName(name) };
        var given = new List<ValueMatchConfig>();
        foreach (var (_, field, kind) in Texts)
        {
            if (map.Optional(field).AsTextOrNull() is { } text)
            {
                given.Add(match with { Kind = kind, Value = text });
            }
        }

        var regex = map.Optional("safe_regex_match");
        if (EnvoyPattern.Read(regex) is { } pattern)
        {
            given.Add(match with { Kind = ValueMatchKind.Regex, Value = pattern });
        }

        if (ReadRange(map.Optional("range_match"), match) is { } range)
        {
            given.Add(range);
        }

        given.AddRange(ReadShared(map, match));
        var invert = map.Optional("invert_match").AsBool(false);
        var missing = map.Optional("treat_missing_header_as_empty").AsBool(false);
        if (One(map, value, given) is not { } one)
        {
            return null;
        }

        one = one with { Invert = one.Invert ^ invert, MissingIsEmpty = missing };
        return name.Text == ":method" ? ReadMethods(value, one, methods) : one;
    }

    public static ValueMatchConfig? ReadQuery(ConfigValue value)
    {
        using var map = value.AsMap("QueryParameterMatcher");
        var match = new ValueMatchConfig { Name = map.Required("name").AsText() };
        return One(map, value, [.. ReadShared(map, match)]);
    }

    private static List<ValueMatchConfig> ReadShared(ConfigMap map, ValueMatchConfig match)
    {
        var given = new List<ValueMatchConfig>();
        var present = map.Optional("present_match");
        var wanted = present.AsBool(true);
        if (present.Exists)
        {
            given.Add(match with { Kind = ValueMatchKind.Present, Invert = !wanted });
        }

        var text = map.Optional("string_match");
        if (ReadText(text, match) is { } read)
        {
            given.Add(read);
        }

        return given;
    }

    private static ValueMatchConfig? ReadText(ConfigValue value, ValueMatchConfig match)
    {
        using var map = value.AsMap("StringMatcher");
        match = match with { IgnoreCase = map.Optional("ignore_case").AsBool(false) };
        var given = new List<ValueMatchConfig>();
        foreach (var (field, _, kind) in Texts)
        {
            if (map.Optional(field).AsTextOrNull() is { } text)
            {
                given.Add(match with { Kind = kind, Value = text });
            }
        }

        var regex = map.Optional("safe_regex");
        if (EnvoyPattern.Read(regex) is { } pattern)
        {
            given.Add(match with { Kind = ValueMatchKind.Regex, Value = pattern });
        }

        if (value.IsMap && given.Count != 1 && !regex.Exists)
        {
            map.Fail("does not say one text to compare", "give one of exact, prefix, suffix, contains or safe_regex");
        }

        return given.Count == 0 ? null : given[0];
    }

    private static ValueMatchConfig? ReadRange(ConfigValue value, ValueMatchConfig match)
    {
        using var map = value.AsMap();
        var start = map.Optional("start").AsLong(0, long.MinValue, long.MaxValue);
        var end = map.Optional("end").AsLong(0, long.MinValue, long.MaxValue);
        return value.IsMap ? match with { Kind = ValueMatchKind.Range, RangeStart = start, RangeEnd = end } : null;
    }

    // Only a name, as Envoy has it, asks for presence.
    private static ValueMatchConfig? One(ConfigMap map, ConfigValue value, List<ValueMatchConfig> given)
    {
        if (given.Count > 1)
        {
            map.Fail("compares in several ways", "give one of string_match, range_match or present_match");
        }

        return !value.IsMap ? null : given.Count == 0 ? new() { Name = map.Optional("name").Text } : given[0];
    }

    private static string ReadName(ConfigValue value)
    {
        switch (value.Text)
        {
            case ":authority":
                return "host";
            case ":method":
                return ":method";
            case [':', ..]:
                value.FailText("cannot be matched as a header", "match paths with prefix, path or safe_regex; :method and :authority are supported");
                return "";
            default:
                return value.AsText("header name", HttpText.IsToken, "use letters, digits and hyphens");
        }
    }

    private static ValueMatchConfig? ReadMethods(ConfigValue value, ValueMatchConfig match, List<string> methods)
    {
        // What is commonly written for several methods is a list of alternatives, which needs no expression.
        var alternatives = match.Kind switch
        {
            ValueMatchKind.Exact => [match.Value],
            ValueMatchKind.Regex => match.Value.TrimStart('^').TrimEnd('$').Trim('(', ')').Split('|'),
            _ => [],
        };
        if (methods.Count > 0 || match.Invert || alternatives.Length == 0 || !alternatives.All(HttpText.IsToken))
        {
            value.Fail("this condition on :method is not supported", "use string_match: { exact: GET } or { safe_regex: { regex: GET|POST } }, once");
            return null;
        }

        methods.AddRange(alternatives);
        return null;
    }
}
