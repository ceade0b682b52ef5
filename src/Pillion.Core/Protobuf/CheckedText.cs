using System.Text.Unicode;

namespace Pillion.Core.Protobuf;

/// <summary>Foreign bytes as a protobuf text: a text is UTF-8, or its reader throws the whole message away, and what a client sends may be anything.</summary>
internal static class CheckedText
{
    /// <summary>What is no UTF-8 is written with an exclamation mark for each byte that is not ASCII.</summary>
    public static void Write(ProtoWriter writer, int field, ReadOnlySpan<byte> text)
    {
        if (Utf8.IsValid(text))
        {
            writer.Bytes(field, text);
            return;
        }

        var ascii = new byte[text.Length];
        for (var i = 0; i < text.Length; i++)
        {
            ascii[i] = text[i] < 0x80 ? text[i] : (byte)'!';
        }

        writer.Bytes(field, ascii);
    }
}
