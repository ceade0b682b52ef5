using System.Globalization;
using System.Text;
using Pillion.Admin;
using Pillion.Core.Configuration.Reading;

namespace Pillion.Comparing;

/// <summary>
/// The fields of a config record by their paths, read from what the compiler makes a record print, so that a new setting is never forgotten here. For showing
/// only: whether two records differ is decided by their own equality.
/// </summary>
internal static class RecordFields
{
    // Places in files, and what follows from other fields.
    private static readonly string[] Left = ["source", "fields_read", "all_chains", "is_empty", "kind_name", "policy_field_names"];

    /// <summary>The fields that differ, as the first and as the second has them; null where one has none.</summary>
    public static IEnumerable<(string Path, string? From, string? To)> Differing(object? old, object? now)
    {
        var (before, after) = (Of(old), Of(now));
        foreach (var path in before.Keys.Union(after.Keys))
        {
            var (from, to) = (before.GetValueOrDefault(path), after.GetValueOrDefault(path));
            if (from != to)
            {
                yield return (path, from, to);
            }
        }
    }

    internal static Dictionary<string, string> Of(object? record)
    {
        var fields = new Dictionary<string, string>();
        var text = record?.ToString() ?? "";
        var at = 0;
        Value(text, ref at, "", fields);
        return fields;
    }

    // Value: Name { Field = Value, … } | [Value, …] | anything up to what ends it. A text that looks like one of these is told in pieces; nothing worse comes of it.
    private static void Value(string text, ref int at, string path, Dictionary<string, string> fields, bool inList = false)
    {
        var end = at;
        while (end < text.Length && (char.IsLetterOrDigit(text[end]) || text[end] is '_' or '`'))
        {
            end++;
        }

        if (end > at && Has(text, end, " { "))
        {
            at = end + 3;
            Record(text, ref at, path, fields);
        }
        else if (Has(text, at, "["))
        {
            at++;
            List(text, ref at, path, fields);
        }
        else
        {
            end = at;
            while (end < text.Length && !(inList ? text[end] == ']' || Has(text, end, ", ") : Has(text, end, " }") || IsNextField(text, end)))
            {
                end++;
            }

            Keep(path, text[at..end], fields);
            at = end;
        }
    }

    private static void Record(string text, ref int at, string path, Dictionary<string, string> fields)
    {
        while (at < text.Length && text[at] != '}' && text.IndexOf(" = ", at, StringComparison.Ordinal) is > 0 and var equals)
        {
            var name = Words(text[at..equals]);
            at = equals + 3;
            Value(text, ref at, path.Length == 0 ? name : $"{path}.{name}", fields);
            while (at < text.Length && !Has(text, at, " }") && !IsNextField(text, at))
            {
                at++;
            }

            at = Math.Min(text.Length, at + (Has(text, at, " }") ? 1 : 2));
        }

        at = Math.Min(text.Length, at + 1);
    }

    private static void List(string text, ref int at, string path, Dictionary<string, string> fields)
    {
        for (var index = 0; at < text.Length && text[at] != ']'; index++)
        {
            Value(text, ref at, $"{path}[{index}]", fields, inList: true);
            at += Has(text, at, ", ") ? 2 : Has(text, at, "]") ? 0 : 1;
        }

        at = Math.Min(text.Length, at + 1);
    }

    private static bool Has(string text, int at, string what) => at < text.Length && string.CompareOrdinal(text, at, what, 0, what.Length) == 0;

    // ", Name = ": a comma inside a value is followed by something else.
    private static bool IsNextField(string text, int at)
    {
        if (!Has(text, at, ", ") || at + 2 >= text.Length || !char.IsAsciiLetterUpper(text[at + 2]))
        {
            return false;
        }

        var end = at + 2;
        while (end < text.Length && char.IsLetterOrDigit(text[end]))
        {
            end++;
        }

        return Has(text, end, " = ");
    }

    private static void Keep(string path, string value, Dictionary<string, string> fields)
    {
        // What a listener derives from its chains is told with them.
        var last = path[(path.LastIndexOf('.') + 1)..];
        if (Left.Contains(last) || value.Length == 0 || path.StartsWith("all_chains[", StringComparison.Ordinal) || path.StartsWith("http.", StringComparison.Ordinal))
        {
            return;
        }

        fields[path] = Redaction.IsSecret(path) || (last == "value" && fields.TryGetValue(path[..^"value".Length] + "name", out var named) && Redaction.IsSecret(named))
            ? Redaction.Hidden
            : TimeSpan.TryParseExact(value, "c", CultureInfo.InvariantCulture, out var duration) && value.Contains(':') ? DurationText.Format(duration) : value;
    }

    private static string Words(string name)
    {
        var words = new StringBuilder();
        foreach (var c in name)
        {
            words.Append(char.IsAsciiLetterUpper(c) && words.Length > 0 ? "_" : "").Append(char.ToLowerInvariant(c));
        }

        return words.ToString();
    }
}
