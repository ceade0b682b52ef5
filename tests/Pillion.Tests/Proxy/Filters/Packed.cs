using System.IO.Compression;
using System.Text;

namespace Pillion.Tests.Proxy.Filters;

/// <summary>Bodies in codings, as text of one character a byte.</summary>
internal static class Packed
{
    public static string Gzip(string text) => Pack(text, stream => new GZipStream(stream, CompressionLevel.Optimal, leaveOpen: true));

    public static string Brotli(string text) => Pack(text, stream => new BrotliStream(stream, CompressionLevel.Optimal, leaveOpen: true));

    /// <summary>Reads what has come so far, complete or not.</summary>
    public static string Ungzip(string text) => Unpack(text, stream => new GZipStream(stream, CompressionMode.Decompress));

    public static string Unbrotli(string text) => Unpack(text, stream => new BrotliStream(stream, CompressionMode.Decompress));

    /// <summary>The bytes in the chunks that came so far.</summary>
    public static string Dechunk(string text)
    {
        var body = new StringBuilder();
        while (text.IndexOf('\r') is > 0 and var end && Convert.ToInt32(text[..end], 16) is > 0 and var size)
        {
            body.Append(text.AsSpan(end + 2, size));
            text = text[(end + 4 + size)..];
        }

        return body.ToString();
    }

    private static string Pack(string text, Func<Stream, Stream> coder)
    {
        using var packed = new MemoryStream();
        using (var stream = coder(packed))
        {
            stream.Write(Encoding.Latin1.GetBytes(text));
        }

        return Encoding.Latin1.GetString(packed.ToArray());
    }

    private static string Unpack(string text, Func<Stream, Stream> coder)
    {
        using var stream = coder(new MemoryStream(Encoding.Latin1.GetBytes(text)));
        using var whole = new MemoryStream();
        var buffer = new byte[4096];
        try
        {
            for (int read; (read = stream.Read(buffer)) > 0;)
            {
                whole.Write(buffer, 0, read);
            }
        }
        catch (InvalidDataException)
        {
            // It ends in the middle; what came before counts.
        }

        return Encoding.Latin1.GetString(whole.ToArray());
    }
}
