using System.Text;
using Pillion.Net.Http;
using Pillion.Proxy.Forwarding.Coding;

namespace Pillion.Proxy.Filters.Compression;

/// <summary>The codings of RFC 9110 §8.4.1 that are spoken here.</summary>
internal enum ContentCoding : byte
{
    Brotli,
    Gzip,
}

/// <summary>Their names, and what codes them.</summary>
internal static class ContentCodings
{
    public static ReadOnlySpan<byte> Token(ContentCoding coding) => coding == ContentCoding.Brotli ? "br"u8 : "gzip"u8;

    public static string Word(ContentCoding coding) => coding == ContentCoding.Brotli ? "br" : "gzip";

    /// <summary>The one coding of a body; null where there is none, another, or several.</summary>
    public static ContentCoding? Of(FieldList fields)
    {
        var index = fields.IndexOf(KnownField.ContentEncoding);
        if (index < 0 || fields.IndexOf(KnownField.ContentEncoding, index + 1) >= 0)
        {
            return null;
        }

        var value = fields.Value(index);
        return
            Ascii.EqualsIgnoreCase(value, "br"u8) ? ContentCoding.Brotli :
            Ascii.EqualsIgnoreCase(value, "gzip"u8) || Ascii.EqualsIgnoreCase(value, "x-gzip"u8) ? ContentCoding.Gzip : null;
    }

    public static BodyCoder Decoder(ContentCoding coding) => coding == ContentCoding.Brotli ? new UnbrotliBody() : new UngzipBody();
}
