using System.Text;

namespace Pillion.Core.Signals.AccessLog;

/// <summary>
/// A JSON object whose values are texts of operators, as Envoy's json_format: an operator that stands alone keeps its type and is null
/// without a value; a mixed text is a string, with dashes.
/// </summary>
internal sealed class JsonFieldsFormat : LogFormat
{
    private readonly (byte[] Key, LogSegment[] Segments)[] _fields;

    public JsonFieldsFormat(IEnumerable<KeyValuePair<string, string>> fields) =>
        _fields = [.. fields.Select(field => (Key(field.Key), EscapeLiterals(LogFormatReader.Read(field.Value))))];

    public override void Write(LineBuffer line, in LogExchange exchange)
    {
        line.Escaping = Escaping.Json;
        var before = (byte)'{';
        foreach (var (key, segments) in _fields)
        {
            line.Raw(before);
            line.Raw(key);
            before = (byte)',';
            if (segments is [{ Operator: { } alone }])
            {
                Alone(line, alone, exchange);
                continue;
            }

            line.Raw((byte)'"');
            foreach (var segment in segments)
            {
                segment.Write(line, exchange);
            }

            line.Raw((byte)'"');
        }

        if (before == '{')
        {
            line.Raw(before);
        }

        line.Raw("}\n"u8);
    }

    private static void Alone(LineBuffer line, LogOperator alone, in LogExchange exchange)
    {
        var start = line.Length;
        if (!alone.IsNumber)
        {
            line.Raw((byte)'"');
        }

        if (!alone.Write(line, exchange))
        {
            line.CutTo(start);
            line.Raw("null"u8);
        }
        else if (!alone.IsNumber)
        {
            line.Raw((byte)'"');
        }
    }

    private static byte[] Key(string key) => Encoding.UTF8.GetBytes($"\"{Escaped(key)}\":");

    private static LogSegment[] EscapeLiterals(LogSegment[] segments) =>
        [.. segments.Select(s => s.Literal is null ? s : s with { Literal = Encoding.UTF8.GetBytes(Escaped(Encoding.UTF8.GetString(s.Literal))) })];

    private static string Escaped(string text)
    {
        var line = new LineBuffer { Escaping = Escaping.Json };
        line.Value(text);
        return line.ToString();
    }
}
