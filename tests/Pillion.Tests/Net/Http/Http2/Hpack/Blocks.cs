using System.Text;
using Pillion.Net.Http;
using Pillion.Net.Http.Http2.Hpack;

namespace Pillion.Tests.Net.Http.Http2.Hpack;

/// <summary>Field blocks to text and back.</summary>
internal static class Blocks
{
    public static byte[] Hex(string hex) => Convert.FromHexString(hex.Replace(" ", "").Replace("\n", ""));

    /// <summary>The fields, one a line; "broken" when the block is.</summary>
    public static string Decode(HpackDecoder decoder, byte[] block, int room = int.MaxValue)
    {
        var text = new StringBuilder();
        decoder.BeginBlock();
        var at = 0;
        while (true)
        {
            switch (decoder.Read(block, ref at, room, out var field))
            {
                case HpackStep.Field:
                    text.Append(field.IsOversized ? "(too large)" : $"{Encoding.Latin1.GetString(field.Name)}: {Encoding.Latin1.GetString(field.Value)}");
                    text.Append(field.IsSensitive ? " (sensitive)\n" : "\n");
                    break;
                case HpackStep.End:
                    return text.ToString();
                default:
                    return "broken";
            }
        }
    }

    public static byte[] Encode(HpackEncoder encoder, params (string Name, string Value)[] fields) =>
        Encode(encoder, fields.Select(f => (f.Name, f.Value, false)));

    public static byte[] Encode(HpackEncoder encoder, IEnumerable<(string Name, string Value, bool Sensitive)> fields)
    {
        var buffer = new byte[200_000];
        var at = encoder.BeginBlock(buffer);
        foreach (var (name, value, sensitive) in fields)
        {
            var bytes = Encoding.Latin1.GetBytes(value);
            var free = buffer.AsSpan(at);
            at += name switch
            {
                ":method" => encoder.WriteMethod(free, HttpMethods.Identify(bytes), bytes),
                ":path" => encoder.WritePath(free, bytes),
                ":status" => encoder.WriteStatus(free, int.Parse(value)),
                ":scheme" => encoder.WriteScheme(free, value == "https"),
                ":authority" => encoder.WritePseudo(free, Pseudo.Authority, bytes),
                ":protocol" => encoder.WritePseudo(free, Pseudo.Protocol, bytes),
                _ => encoder.WriteField(free, KnownFields.Identify(Encoding.Latin1.GetBytes(name)), Encoding.Latin1.GetBytes(name), bytes, sensitive),
            };
        }

        return buffer[..at];
    }

    public static string Text(IEnumerable<(string Name, string Value, bool Sensitive)> fields) =>
        string.Concat(fields.Select(f => $"{f.Name}: {f.Value}{(f.Sensitive ? " (sensitive)" : "")}\n"));
}
