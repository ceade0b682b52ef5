using System.Text;
using System.Text.Json.Nodes;
using Pillion.Core.Protobuf;

namespace Pillion.Tests.Support;

/// <summary>
/// Decodes protobuf by a schema and is strict about it: a field that the schema does not have, a wire type that is not the field's, a text that is not UTF-8, or a
/// byte too many is an exception. Schemas are lines of <c>Message: number name type, …</c>; <c>*</c> before a type is a list.
/// </summary>
internal sealed class ProtoSchema
{
    private readonly Dictionary<string, Dictionary<int, (string Name, string Type, bool IsList)>> _messages = [];

    public ProtoSchema(string text)
    {
        foreach (var line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var (message, fields) = (line[..line.IndexOf(':')], line[(line.IndexOf(':') + 1)..]);
            _messages.Add(message, fields.Split(',', StringSplitOptions.TrimEntries).Select(field => field.Split(' ')).ToDictionary(
                words => int.Parse(words[0], null), words => (words[1], words[2].TrimStart('*'), words[2].StartsWith('*'))));
        }
    }

    public JsonObject Decode(string message, ReadOnlySpan<byte> bytes)
    {
        var result = new JsonObject();
        var fields = _messages[message];
        var reader = new ProtoReader(bytes);
        while (reader.Next())
        {
            if (!fields.TryGetValue(reader.Field, out var field))
            {
                throw new FormatException($"{message} has no field {reader.Field}");
            }

            if (field.IsList)
            {
                var list = result[field.Name] as JsonArray ?? [];
                result[field.Name] ??= list;
                if (reader.WireType == 2 && field.Type is "fixed64" or "double" or "uint64" or "sint64")
                {
                    Unpack(reader.Bytes, field.Type, list);
                }
                else
                {
                    list.Add(Value(message, field.Name, field.Type, ref reader));
                }
            }
            else if (result.ContainsKey(field.Name))
            {
                throw new FormatException($"{message}.{field.Name} is there twice");
            }
            else
            {
                result[field.Name] = Value(message, field.Name, field.Type, ref reader);
            }
        }

        return reader.IsBroken ? throw new FormatException($"{message} is broken") : result;
    }

    private JsonNode Value(string message, string name, string type, ref ProtoReader reader)
    {
        var wire = type switch { "fixed64" or "double" or "sfixed64" => 1, "fixed32" => 5, "int" or "bool" or "uint64" or "sint32" or "sint64" or "enum" => 0, _ => 2 };
        if (reader.WireType != wire)
        {
            throw new FormatException($"{message}.{name} has the wire type {reader.WireType}");
        }

        return type switch
        {
            "fixed64" or "fixed32" or "uint64" => JsonValue.Create(reader.Number),
            "double" => JsonValue.Create(reader.Double),
            "enum" => JsonValue.Create((int)reader.Int),
            "int" or "sfixed64" => JsonValue.Create(reader.Int),
            "bool" => JsonValue.Create(reader.Bool),
            "sint32" or "sint64" => JsonValue.Create(Signed(reader.Number)),
            "string" => JsonValue.Create(new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(reader.Bytes)),
            "bytes" => JsonValue.Create(Convert.ToHexStringLower(reader.Bytes)),
            _ => Decode(type, reader.Bytes),
        };
    }

    private static void Unpack(ReadOnlySpan<byte> bytes, string type, JsonArray list)
    {
        if (type is "fixed64" or "double")
        {
            if (bytes.Length % 8 != 0)
            {
                throw new FormatException("a packed list ends within a number");
            }

            for (; !bytes.IsEmpty; bytes = bytes[8..])
            {
                list.Add(type == "double" ? JsonValue.Create(BitConverter.ToDouble(bytes)) : JsonValue.Create(BitConverter.ToUInt64(bytes)));
            }

            return;
        }

        while (!bytes.IsEmpty)
        {
            var (value, shift, at) = (0UL, 0, 0);
            do
            {
                value |= (ulong)(bytes[at] & 0x7F) << shift;
                shift += 7;
            }
            while (bytes[at++] >= 0x80);
            bytes = bytes[at..];
            list.Add(type == "sint64" ? JsonValue.Create(Signed(value)) : JsonValue.Create(value));
        }
    }

    private static long Signed(ulong value) => (long)(value >> 1) ^ -(long)(value & 1);
}
