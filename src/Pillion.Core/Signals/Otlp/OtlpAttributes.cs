using System.Text;
using Pillion.Core.Protobuf;

namespace Pillion.Core.Signals.Otlp;

/// <summary>
/// Attributes as OTLP writes them: KeyValue { key = 1, value = 2 } with an AnyValue { string = 1, bool = 2, int = 3, double = 4 } inside. Texts must be UTF-8, or
/// the collector refuses the whole batch: what a client sent that is none is mended.
/// </summary>
internal static class OtlpAttributes
{
    public static void Text(ProtoWriter writer, int field, string name, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            Text(writer, field, name, Encoding.UTF8.GetBytes(value));
        }
    }

    public static void Text(ProtoWriter writer, int field, string name, ReadOnlySpan<byte> value)
    {
        if (value.IsEmpty)
        {
            return;
        }

        var at = writer.Begin(field);
        writer.Text(1, name);
        AnyText(writer, 2, value);
        writer.End(at);
    }

    public static void Int(ProtoWriter writer, int field, string name, long value)
    {
        var at = writer.Begin(field);
        writer.Text(1, name);
        var any = writer.Begin(2);
        writer.IntAlways(3, value);
        writer.End(any);
        writer.End(at);
    }

    public static void Bool(ProtoWriter writer, int field, string name, bool value)
    {
        var at = writer.Begin(field);
        writer.Text(1, name);
        var any = writer.Begin(2);
        writer.IntAlways(2, value ? 1 : 0);
        writer.End(any);
        writer.End(at);
    }

    /// <summary>An AnyValue that is a text.</summary>
    public static void AnyText(ProtoWriter writer, int field, ReadOnlySpan<byte> value)
    {
        var any = writer.Begin(field);
        Utf8(writer, 1, value);
        writer.End(any);
    }

    /// <summary>A field of UTF-8; it is written also where it is empty.</summary>
    public static void Utf8(ProtoWriter writer, int field, ReadOnlySpan<byte> value)
    {
        // A text that was cut may end within a letter.
        if (System.Text.Unicode.Utf8.IsValid(value))
        {
            writer.BytesAlways(field, value);
        }
        else
        {
            writer.BytesAlways(field, Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(value)));
        }
    }
}
