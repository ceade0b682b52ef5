using Pillion.Admin;
using Pillion.Core.Configuration.Documents;

namespace Pillion.Comparing;

/// <summary>
/// What is written differently in two files of one format. Maps are compared by their keys; the items of a list by what they name themselves by, so that one
/// more item in front does not make all behind it look changed.
/// </summary>
internal static class DocumentDiff
{
    private const int Longest = 120;

    private static readonly string[] NamingKeys = ["name", "@type", "match", "prefix", "path", "exact", "regex", "address", "header", "key", "endpoint"];

    public static IReadOnlyList<WrittenChange> Of(ConfigNode old, ConfigNode now)
    {
        var changes = new List<WrittenChange>();
        Compare("", old, now, hide: false, changes);
        return changes;
    }

    private static void Compare(string path, ConfigNode old, ConfigNode now, bool hide, List<WrittenChange> changes)
    {
        if (old.Kind == ConfigNodeKind.Map && now.Kind == ConfigNodeKind.Map)
        {
            var hideValues = hide || NamesSecret(old) || NamesSecret(now);
            ComparePairs(path, ".", Entries(old), Entries(now), key => hide || Redaction.IsSecret(key) || (hideValues && IsValue(key)), changes);
        }
        else if (old.Kind == ConfigNodeKind.List && now.Kind == ConfigNodeKind.List)
        {
            var (before, after) = (Items(old), Items(now));
            ComparePairs(path, "", before, after, _ => hide, changes);
            var kept = before.Keys.Where(after.ContainsKey).ToList();
            var keptNow = after.Keys.Where(before.ContainsKey).ToList();
            if (!kept.SequenceEqual(keptNow))
            {
                changes.Add(new(path + " (order)", Cut(string.Join(" ", kept)), Cut(string.Join(" ", keptNow)), old.Line, now.Line));
            }
        }
        else if (old.Kind != now.Kind || old.Text != now.Text)
        {
            changes.Add(new(path, Shown(old, hide), Shown(now, hide), old.Line, now.Line));
        }
    }

    private static void ComparePairs(
        string path, string separator, Dictionary<string, ConfigNode> old, Dictionary<string, ConfigNode> now, Func<string, bool> isHidden, List<WrittenChange> changes)
    {
        // In the order of the new file, what is gone where it stood.
        foreach (var (key, value) in old)
        {
            var at = path.Length == 0 ? key : path + separator + key;
            if (now.TryGetValue(key, out var other))
            {
                Compare(at, value, other, isHidden(key), changes);
            }
            else if (value.Kind != ConfigNodeKind.Null)
            {
                changes.Add(new(at, Shown(value, isHidden(key)), null, value.Line, 0));
            }
        }

        foreach (var (key, value) in now)
        {
            if (!old.ContainsKey(key) && value.Kind != ConfigNodeKind.Null)
            {
                changes.Add(new(path.Length == 0 ? key : path + separator + key, null, Shown(value, isHidden(key)), 0, value.Line));
            }
        }
    }

    private static Dictionary<string, ConfigNode> Entries(ConfigNode map)
    {
        var entries = new Dictionary<string, ConfigNode>();
        foreach (var entry in map.Entries)
        {
            entries[entry.Key] = entry.Value;
        }

        return entries;
    }

    private static Dictionary<string, ConfigNode> Items(ConfigNode list)
    {
        var items = new Dictionary<string, ConfigNode>();
        foreach (var item in list.Items)
        {
            var name = $"[{Name(item)}]";
            var key = name;
            for (var again = 2; !items.TryAdd(key, item); again++)
            {
                key = $"{name}#{again}";
            }
        }

        return items;
    }

    private static string Name(ConfigNode item)
    {
        if (item.Kind != ConfigNodeKind.Map)
        {
            return Cut(Shown(item, hide: false));
        }

        foreach (var key in NamingKeys)
        {
            if (item.Entries.FirstOrDefault(entry => entry.Key == key) is { Value: { } value })
            {
                return Cut($"{(key == "name" ? "" : key + ": ")}{Shown(value, Redaction.IsSecret(key))}");
            }
        }

        return item.Entries is [var first, ..] ? Cut($"{first.Key}: {Shown(first.Value, Redaction.IsSecret(first.Key))}") : "";
    }

    private static bool NamesSecret(ConfigNode map) =>
        map.Entries.Any(entry => entry is { Key: "key" or "name" or "header", Value.Kind: ConfigNodeKind.Text } && Redaction.IsSecret(entry.Value.Text));

    private static bool IsValue(string key) => key is "value" or "raw_value" or "string_match" or "exact";

    // Flow style, as it could stand in the file; what came from the environment as the name that it came by.
    private static string Shown(ConfigNode node, bool hide) => Cut(Flow(node, hide));

    private static string Flow(ConfigNode node, bool hide)
    {
        switch (node.Kind)
        {
            case ConfigNodeKind.Null:
                return "null";
            case ConfigNodeKind.List:
                return $"[{string.Join(", ", node.Items.Select(item => Flow(item, hide)))}]";
            case ConfigNodeKind.Map:
                var hideValues = hide || NamesSecret(node);
                return $"{{ {string.Join(", ", node.Entries.Select(entry => $"{entry.Key}: {Flow(entry.Value, hide || Redaction.IsSecret(entry.Key) || (hideValues && IsValue(entry.Key)))}"))} }}";
            default:
                return hide ? Redaction.Hidden : string.Concat(Redaction.WithoutPassword(node.Written ?? node.Text).Select(c => char.IsControl(c) ? ' ' : c));
        }
    }

    private static string Cut(string text) => text.Length <= Longest ? text : text[..(Longest - 1)] + "…";
}
