using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;
using Pillion.Proxy.Configuration.Reading;
using Pillion.Proxy.Routing;

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

    /// <summary>A condition on a header; a plain one on <c>:method</c> goes to the methods instead.</summary>
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
        if (one.Name != ":method" || methods.Count > 0 || Methods(one) is not { } alternatives)
        {
            return one;
        }

        methods.AddRange(alternatives);
        return null;
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

    /// <summary>StringMatcher.</summary>
    public static ValueMatchConfig? ReadText(ConfigValue value, ValueMatchConfig match)
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

    // What HTTP/2 calls pseudo-headers is there for HTTP/1 requests as well.
    private static string ReadName(ConfigValue value) => value.AsText(
        "header name",
        name => HttpText.IsToken(name) || RequestFields.Identify(name) != RequestField.Header,
        "use letters, digits and hyphens, or :method, :path, :authority or :scheme");

    // One method, or what is commonly written for several: alternatives. Both are cheaper as methods than as a header's value.
    private static string[]? Methods(ValueMatchConfig match)
    {
        string[] methods = match switch
        {
            { Invert: true } or { IgnoreCase: true } => [],
            { Kind: ValueMatchKind.Exact } => [match.Value],
            { Kind: ValueMatchKind.Regex } => match.Value.TrimStart('^').TrimEnd('$').Trim('(', ')').Split('|'),
            _ => [],
        };
        return methods.Length > 0 && methods.All(method => method.Length > 0 && method.All(char.IsAsciiLetterUpper)) ? methods : null;
    }
}
