using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Pillion.Core.Configuration.Documents;

/// <summary>Builds the tree from YAML events: one document, scalar keys, no tags, aliases bounded.</summary>
internal sealed class YamlTree
{
    /// <summary>Nodes that aliases may add; a file of a few hundred bytes can otherwise stand for billions.</summary>
    private const int MaxAliasedNodes = 100_000;

    private readonly string _file;
    private readonly EnvironmentText _variables;
    private readonly List<ConfigError> _errors;
    private readonly Parser _parser;
    private readonly Dictionary<string, ConfigNode> _anchors = [];
    private long _aliasedNodes;

    private YamlTree(string text, string file, EnvironmentText variables, List<ConfigError> errors)
    {
        _file = file;
        _variables = variables;
        _errors = errors;
        _parser = new Parser(new StringReader(text));
    }

    public static ConfigNode? Read(string text, string file, EnvironmentText variables, List<ConfigError> errors)
    {
        var tree = new YamlTree(text, file, variables, errors);
        try
        {
            return tree.ReadStream();
        }
        catch (YamlException e)
        {
            errors.Note(tree.NotYaml(TabIn(text, e) ?? e.End, e.Message));
            return null;
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException or FormatException or OverflowException
            or IndexOutOfRangeException or NullReferenceException or KeyNotFoundException or NotSupportedException)
        {
            // The library throws bare exceptions on some malformed flows; its position is then the last event that it gave.
            errors.Note(tree.NotYaml(tree._parser.Current?.End ?? Mark.Empty, "the text breaks off or a bracket does not match"));
            return null;
        }
    }

    private ConfigNode? ReadStream()
    {
        Next();
        Next();
        if (_parser.Current is StreamEnd or null)
        {
            return ConfigNode.Null(1, 1);
        }

        Next();
        var root = ReadNode("", 0);
        if (root is null)
        {
            return null;
        }

        Next();
        Next();
        if (_parser.Current is DocumentStart second)
        {
            Fail(second.Start, "", "a second document begins here", "keep one document in a file");
            return null;
        }

        return root;
    }

    /// <summary>Reads the node at the current event and stops at its last event; null after a failure that ends the reading.</summary>
    private ConfigNode? ReadNode(string path, int depth)
    {
        var node = _parser.Current as NodeEvent;
        if (depth > ConfigDocument.MaxDepth)
        {
            Fail(_parser.Current!.Start, path, "is nested too deeply", $"use at most {ConfigDocument.MaxDepth} levels");
            return null;
        }

        if (_parser.Current is AnchorAlias alias)
        {
            return ReadAlias(alias, path);
        }

        if (node is not null && !node.Tag.IsEmpty)
        {
            Fail(node.Start, path, $"the tag {ConfigError.Quote(node.Tag.Value)} is not used here", "remove it");
        }

        var built = node switch
        {
            Scalar scalar => ReadScalar(scalar, path),
            SequenceStart sequence => ReadList(sequence, path, depth),
            MappingStart mapping => ReadMap(mapping, path, depth),
            _ => throw new YamlException(_parser.Current?.Start ?? Mark.Empty, _parser.Current?.End ?? Mark.Empty, "a value is missing"),
        };

        // Known only once complete: a node that contains itself is an unknown anchor, so no tree has a cycle.
        if (built is not null && !node.Anchor.IsEmpty)
        {
            _anchors[node.Anchor.Value] = built;
        }

        return built;
    }

    private ConfigNode? ReadAlias(AnchorAlias alias, string path)
    {
        if (!_anchors.TryGetValue(alias.Value.Value, out var node))
        {
            Fail(alias.Start, path, $"no value before this is anchored as {ConfigError.Quote("&" + alias.Value.Value)}", "anchor one, or write the value out");
            return ConfigNode.Null(Line(alias.Start), Column(alias.Start));
        }

        _aliasedNodes += node.Size;
        if (_aliasedNodes > MaxAliasedNodes)
        {
            Fail(alias.Start, path, "aliases repeat too much", $"all aliases together may stand for {MaxAliasedNodes} values");
            return null;
        }

        return node;
    }

    private ConfigNode ReadScalar(Scalar scalar, string path)
    {
        var line = Line(scalar.Start);
        var column = Column(scalar.Start);
        if (_variables.Expand(scalar.Value, line, column, path) is not { } text)
        {
            return ConfigNode.Broken(line, column);
        }

        if (scalar.Style is ScalarStyle.Plain && text is ("" or "~" or "null" or "Null" or "NULL"))
        {
            return ConfigNode.Null(line, column);
        }

        return ConfigNode.Scalar(text, text == scalar.Value ? null : scalar.Value, line, column);
    }

    private ConfigNode? ReadList(SequenceStart start, string path, int depth)
    {
        var items = new List<ConfigNode>();
        for (Next(); _parser.Current is not SequenceEnd; Next())
        {
            if (ReadNode(ConfigPath.Item(path, items.Count), depth + 1) is not { } item)
            {
                return null;
            }

            items.Add(item);
        }

        return ConfigNode.List(items, Line(start.Start), Column(start.Start));
    }

    private ConfigNode? ReadMap(MappingStart start, string path, int depth)
    {
        var entries = new List<ConfigEntry>();
        var seen = new Dictionary<string, int>();
        ConfigEntry? merged = null;
        for (Next(); _parser.Current is not MappingEnd; Next())
        {
            if (_parser.Current is not Scalar key)
            {
                Fail(_parser.Current!.Start, path, "a key is not plain text", "use a name followed by a colon");
                return null;
            }

            var entryPath = ConfigPath.Key(path, key.Value);
            Next();
            if (ReadNode(entryPath, depth + 1) is not { } value)
            {
                return null;
            }

            var entry = new ConfigEntry(key.Value, Line(key.Start), Column(key.Start), value);
            if (!seen.TryAdd(key.Value, entry.Line))
            {
                Fail(key.Start, entryPath, $"{ConfigError.Quote(key.Value)} is written twice", $"keep one; the first is on line {seen[key.Value]}");
            }
            else if (key.Value == "<<" && key.Style == ScalarStyle.Plain)
            {
                merged = entry;
            }
            else
            {
                entries.Add(entry);
            }
        }

        if (merged is { } source)
        {
            Merge(source, entries, seen, ConfigPath.Key(path, "<<"));
        }

        return ConfigNode.Map(entries, Line(start.Start), Column(start.Start));
    }

    // The merge key of YAML 1.1: what the map itself says wins, then the first of several sources.
    private void Merge(ConfigEntry source, List<ConfigEntry> entries, Dictionary<string, int> seen, string path)
    {
        IReadOnlyList<ConfigNode> maps = source.Value.Kind == ConfigNodeKind.List ? source.Value.Items : [source.Value];
        foreach (var map in maps)
        {
            if (map.Kind != ConfigNodeKind.Map)
            {
                _errors.Note(new(_file, map.Line, map.Column, path, "only maps can be merged", "use '<<: *name' with an anchored map"));
                continue;
            }

            foreach (var entry in map.Entries)
            {
                if (seen.TryAdd(entry.Key, entry.Line))
                {
                    entries.Add(entry);
                }
            }
        }
    }

    private void Next()
    {
        if (!_parser.MoveNext())
        {
            throw new YamlException(_parser.Current?.Start ?? Mark.Empty, _parser.Current?.End ?? Mark.Empty, "the text breaks off");
        }
    }

    private void Fail(Mark at, string path, string problem, string remedy) =>
        _errors.Note(new(_file, Line(at), Column(at), path, problem, remedy));

    private ConfigError NotYaml(Mark at, string message)
    {
        // The library's sentences begin with a capital, end with a period and may repeat the position.
        var sentence = message.Split('\n')[0].TrimEnd('.', ' ', '\r');
        var colon = sentence.StartsWith('(') ? sentence.IndexOf("): ", StringComparison.Ordinal) : -1;
        sentence = colon < 0 ? sentence : sentence[(colon + 3)..];
        sentence = sentence.Length == 0 ? "it cannot be parsed" : char.ToLowerInvariant(sentence[0]) + sentence[1..];
        return new(_file, Line(at), Column(at), "", $"this is not YAML: {ConfigError.OnOneLine(sentence)}", "check indentation, quotes and brackets here and above");
    }

    // The library places a tab at the beginning of the block it stands in.
    private static Mark? TabIn(string text, YamlException e)
    {
        if (!e.Message.Contains("tab", StringComparison.Ordinal))
        {
            return null;
        }

        var line = 1;
        foreach (var content in text.AsSpan().EnumerateLines())
        {
            var tab = content.IndexOf('\t');
            if (line >= e.End.Line && tab >= 0 && content[..tab].Trim(' ').IsEmpty)
            {
                return new Mark(0, line, tab + 1);
            }

            line++;
        }

        return null;
    }

    private static int Line(Mark mark) => (int)Math.Max(1, mark.Line);

    private static int Column(Mark mark) => (int)Math.Max(1, mark.Column);
}
