namespace Pillion.Core.Configuration.Documents;

internal enum ConfigNodeKind
{
    /// <summary>Nothing was written after the key, or <c>null</c> or <c>~</c>: read as if the key were absent.</summary>
    Null,
    Text,
    List,
    Map,

    /// <summary>A scalar whose environment variable is missing: that was noted, and what stands here is neither wrong nor absent.</summary>
    Broken,
}

/// <summary>A key of a map with its own position, so that a misspelt name is pointed at and not its value.</summary>
internal readonly record struct ConfigEntry(string Key, int Line, int Column, ConfigNode Value);

/// <summary>A value in a parsed document that knows where it stood. YAML and JSON give the same tree; aliases share nodes.</summary>
internal sealed class ConfigNode
{
    private ConfigNode(ConfigNodeKind kind, int line, int column)
    {
        Kind = kind;
        Line = line;
        Column = column;
    }

    public ConfigNodeKind Kind { get; }

    public int Line { get; }

    public int Column { get; }

    /// <summary>The scalar after environment substitution.</summary>
    public string Text { get; private init; } = "";

    /// <summary>The scalar as it stood in the file when substitution changed it.</summary>
    public string? Written { get; private init; }

    public IReadOnlyList<ConfigNode> Items { get; private init; } = [];

    public IReadOnlyList<ConfigEntry> Entries { get; private init; } = [];

    /// <summary>Nodes below and including this one, aliases counted as often as they are used.</summary>
    public long Size { get; private init; } = 1;

    public static ConfigNode Null(int line, int column) => new(ConfigNodeKind.Null, line, column);

    public static ConfigNode Broken(int line, int column) => new(ConfigNodeKind.Broken, line, column);

    public static ConfigNode Scalar(string text, string? written, int line, int column) =>
        new(ConfigNodeKind.Text, line, column) { Text = text, Written = written };

    public static ConfigNode List(IReadOnlyList<ConfigNode> items, int line, int column) =>
        new(ConfigNodeKind.List, line, column) { Items = items, Size = 1 + items.Sum(item => item.Size) };

    public static ConfigNode Map(IReadOnlyList<ConfigEntry> entries, int line, int column) =>
        new(ConfigNodeKind.Map, line, column) { Entries = entries, Size = 1 + entries.Sum(entry => entry.Value.Size) };
}
