using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;
using Pillion.Proxy.Configuration.Reading;

namespace Pillion.Proxy.Configuration.Native;

/// <summary>The conditions of a route, written flat beside what the route does.</summary>
internal static class RouteMatches
{
    private static readonly (string Name, ValueMatchKind Kind, string Meaning)[] TextKinds =
    [
        ("exact", ValueMatchKind.Exact, "The whole value."),
        ("prefix", ValueMatchKind.Prefix, "What the value begins with."),
        ("suffix", ValueMatchKind.Suffix, "What the value ends with."),
        ("contains", ValueMatchKind.Contains, "What stands somewhere in the value."),
    ];

    public static RouteMatchConfig Read(ConfigMap map) => new()
    {
        Path = ReadPath(map),
        IgnoreCase = map.Optional("ignore_case", "Compare the path without regard to case.").AsBool(false),
        Methods = map.Optional("methods", "Methods, one or a list; all when absent.")
            .AsTexts(item => item.AsTextOrNull("method", HttpText.IsToken, "use a method such as GET")?.ToUpperInvariant()),
        Headers = ReadHeaders(map.Optional("headers", "Names and what their values must be: a text is the exact value, a map is a [condition](#condition), a list holds several that must all be true.")),
        Query = ReadQuery(map.Optional("query", "As `headers`, for parameters of the query.")),
    };

    /// <summary>Conditions on headers, by their names.</summary>
    public static ValueList<ValueMatchConfig> ReadHeaders(ConfigValue value) => ReadValues(value, HttpText.IsToken);

    /// <summary>Conditions on parameters of the query, or on other values whose names may be anything.</summary>
    public static ValueList<ValueMatchConfig> ReadQuery(ConfigValue value) => ReadValues(value, name => name.Length > 0);

    private static PathMatchConfig ReadPath(ConfigMap map)
    {
        var prefix = map.Optional("prefix", "The path begins with these whole segments: `/api` takes `/api` and `/api/x`, not `/apis`. With a slash at its end it takes what is below.");
        var exact = map.Optional("path", "The whole path.");
        var regex = map.Optional("regex", "A regular expression for the whole path. It cannot blow up: no look-around, no back-references.");
        var start = map.Optional("starts_with", "The path begins with these characters: `/api` also takes `/apis`.");
        var connect = map.Optional("connect", "A CONNECT request, whatever it asks for.");

        ConfigValue[] given = [.. new[] { prefix, exact, regex, start, connect }.Where(value => value.Exists)];
        foreach (var extra in given.Skip(1))
        {
            extra.Fail($"stands beside {given[0].Path.Split('.')[^1]}", "give one of prefix, path, regex, starts_with or connect");
        }

        const string pathRemedy = "use a path that begins with '/', without query";
        var prefixText = prefix.AsText("path", HttpText.IsPath, pathRemedy, "/");
        var exactText = exact.AsText("path", HttpText.IsPath, pathRemedy);
        var regexText = PatternText.Read(regex);
        var startText = start.AsText("path", HttpText.IsPath, pathRemedy);
        return
            connect.AsBool(false) ? new(PathMatchKind.Connect, "") :
            exact.Exists ? new(PathMatchKind.Exact, exactText) :
            regex.Exists ? new(PathMatchKind.Regex, regexText ?? "") :
            start.Exists ? new(PathMatchKind.Prefix, startText) :
            new(prefixText.EndsWith('/') ? PathMatchKind.Prefix : PathMatchKind.SeparatedPrefix, prefixText);
    }

    private static ValueList<ValueMatchConfig> ReadValues(ConfigValue values, Func<string, bool> isName)
    {
        var matches = new List<ValueMatchConfig>();
        values.AsNamed("NAME", (name, value) =>
        {
            if (!isName(name))
            {
                value.Fail($"{ConfigError.Quote(name)} is not a name", "use letters, digits and hyphens");
            }

            if (value.IsList)
            {
                _ = value.AsList(item => Add(ReadValue(name, item)));
            }
            else
            {
                Add(ReadValue(name, value));
            }
        });
        return new([.. matches]);

        ValueMatchConfig? Add(ValueMatchConfig? match)
        {
            if (match is not null)
            {
                matches.Add(match);
            }

            return match;
        }
    }

    private static ValueMatchConfig? ReadValue(string name, ConfigValue value)
    {
        if (value.IsText)
        {
            return new() { Name = name, Kind = ValueMatchKind.Exact, Value = value.AsText() };
        }

        using var map = value.AsMap("condition");
        var match = new ValueMatchConfig
        {
            Name = name,
            IgnoreCase = map.Optional("ignore_case", "Compare without regard to case.").AsBool(false),
            MissingIsEmpty = map.Optional("missing_is_empty", "Read a missing value as an empty one.").AsBool(false),
        };
        var not = map.Optional("not", "The condition must not be true.").AsBool(false);
        var given = 0;
        foreach (var (kindName, kind, meaning) in TextKinds)
        {
            if (map.Optional(kindName, meaning).AsTextOrNull() is { } text)
            {
                match = match with { Kind = kind, Value = text, Invert = not };
                given++;
            }
        }

        var regex = map.Optional("regex", "A regular expression for the whole value.");
        if (PatternText.Read(regex) is { } pattern)
        {
            match = match with { Kind = ValueMatchKind.Regex, Value = pattern, Invert = not };
        }

        var present = map.Optional("present", "The name is there, or with false is not, whatever its value.");
        if (present.AsBoolOrNull() is { } wanted)
        {
            match = match with { Kind = ValueMatchKind.Present, Invert = wanted == not };
        }

        var range = map.Optional("range", "A whole number, `[from, to]`, both ends included.");
        if (ReadRange(range) is var (from, to))
        {
            match = match with { Kind = ValueMatchKind.Range, RangeStart = from, RangeEnd = to, Invert = not };
        }

        given += (regex.Exists ? 1 : 0) + (present.Exists ? 1 : 0) + (range.Exists ? 1 : 0);
        if (value.IsMap && given != 1)
        {
            map.Fail(given == 0 ? "does not say what to compare" : "says several things to compare", "give one of exact, prefix, suffix, contains, regex, present or range; write a list for several");
        }

        return value.IsMap ? match : null;
    }

    private static (long From, long To)? ReadRange(ConfigValue range)
    {
        var numbers = new List<long>();
        _ = range.AsList(item =>
        {
            numbers.Add(item.AsLong(0, long.MinValue + 1, long.MaxValue - 1));
            return "";
        });
        if (!range.IsList)
        {
            return null;
        }

        if (numbers is [var from, var to] && from <= to)
        {
            return (from, to + 1);
        }

        range.Fail("is not a range", "use [from, to], the smaller number first");
        return null;
    }
}
