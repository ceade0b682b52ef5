using System.Text;
using System.Text.Json;

namespace Pillion.Core.Configuration.Documents;

/// <summary>Builds the same tree from JSON. Numbers and truth values keep their written form; comments are allowed.</summary>
internal ref struct JsonTree
{
    private readonly string _file;
    private readonly EnvironmentText _variables;
    private readonly List<ConfigError> _errors;
    private readonly ReadOnlySpan<byte> _bytes;
    private Utf8JsonReader _reader;

    // Positions are asked for in ascending order, so the lines are counted along the way.
    private int _counted;
    private int _line = 1;
    private int _lineStart;

    private JsonTree(ReadOnlySpan<byte> bytes, string file, EnvironmentText variables, List<ConfigError> errors)
    {
        _file = file;
        _variables = variables;
        _errors = errors;
        _bytes = bytes;
        _reader = new Utf8JsonReader(bytes, new JsonReaderOptions { CommentHandling = JsonCommentHandling.Skip, MaxDepth = ConfigDocument.MaxDepth });
    }

    public static ConfigNode? Read(string text, string file, EnvironmentText variables, List<ConfigError> errors)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            return ConfigNode.Null(1, 1);
        }

        var tree = new JsonTree(Encoding.UTF8.GetBytes(text), file, variables, errors);
        try
        {
            tree._reader.Read();
            var root = tree.ReadValue("");
            tree._reader.Read();
            return root;
        }
        catch (JsonException e)
        {
            errors.Note(new(file, (int)(e.LineNumber ?? 0) + 1, (int)(e.BytePositionInLine ?? 0) + 1, "", "this is not JSON", "check commas, quotes and brackets here and above"));
            return null;
        }
        catch (InvalidOperationException)
        {
            // A string with half a surrogate pair.
            var (line, column) = tree.Position();
            errors.Note(new(file, line, column, "", "this string is not valid text", "check its \\u escapes"));
            return null;
        }
    }

    private ConfigNode ReadValue(string path)
    {
        var (line, column) = Position();
        switch (_reader.TokenType)
        {
            case JsonTokenType.StartObject:
                return ReadMap(path, line, column);
            case JsonTokenType.StartArray:
                var items = new List<ConfigNode>();
                while (_reader.Read() && _reader.TokenType != JsonTokenType.EndArray)
                {
                    items.Add(ReadValue(ConfigPath.Item(path, items.Count)));
                }

                return ConfigNode.List(items, line, column);
            case JsonTokenType.Null:
                return ConfigNode.Null(line, column);
            case JsonTokenType.String:
                var written = _reader.GetString()!;
                var text = _variables.Expand(written, line, column, path);
                return text is null ? ConfigNode.Broken(line, column) : ConfigNode.Scalar(text, text == written ? null : written, line, column);
            default:
                return ConfigNode.Scalar(Encoding.UTF8.GetString(_reader.ValueSpan), null, line, column);
        }
    }

    private ConfigNode ReadMap(string path, int line, int column)
    {
        var entries = new List<ConfigEntry>();
        var seen = new Dictionary<string, int>();
        while (_reader.Read() && _reader.TokenType != JsonTokenType.EndObject)
        {
            var (keyLine, keyColumn) = Position();
            var key = _reader.GetString()!;
            var entryPath = ConfigPath.Key(path, key);
            _reader.Read();
            var value = ReadValue(entryPath);
            if (seen.TryAdd(key, keyLine))
            {
                entries.Add(new(key, keyLine, keyColumn, value));
            }
            else
            {
                _errors.Note(new(_file, keyLine, keyColumn, entryPath, $"{ConfigError.Quote(key)} is written twice", $"keep one; the first is on line {seen[key]}"));
            }
        }

        return ConfigNode.Map(entries, line, column);
    }

    private (int Line, int Column) Position()
    {
        var target = (int)_reader.TokenStartIndex;
        while (_counted < target)
        {
            var next = _bytes[_counted..target].IndexOf((byte)'\n');
            if (next < 0)
            {
                _counted = target;
                break;
            }

            _counted += next + 1;
            _line++;
            _lineStart = _counted;
        }

        return (_line, Encoding.UTF8.GetCharCount(_bytes[_lineStart..target]) + 1);
    }
}
