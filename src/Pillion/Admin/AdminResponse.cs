using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Pillion.Admin;

/// <summary>An answer of the admin port. <see cref="Fields"/> go out with it besides Content-Type and Content-Length.</summary>
internal sealed record AdminResponse(int Status, string ContentType, ReadOnlyMemory<byte> Body)
{
    public const string PlainText = "text/plain; charset=utf-8";
    public const string Json = "application/json";

    /// <summary>Nothing here may be framed, sniffed, cached or run from elsewhere: the pages show configuration.</summary>
    private static readonly (string, string)[] Safe =
    [
        ("Cache-Control", "no-store"),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "no-referrer"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
        ("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"),
    ];

    public IReadOnlyList<(string Name, string Value)> Fields { get; init; } = Safe;

    /// <summary>What follows the head instead of <see cref="Body"/>; null is an answer that ends.</summary>
    public IAdminStream? Stream { get; init; }

    public static AdminResponse Text(int status, string text) => new(status, PlainText, Encoding.UTF8.GetBytes(text.EndsWith('\n') ? text : text + "\n"));

    public static AdminResponse WriteJson(int status, Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        // Served as JSON and never sniffed as markup, so only what JSON itself needs is escaped.
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            write(json);
        }

        return new AdminResponse(status, Json, buffer.WrittenMemory);
    }

    public static AdminResponse WriteBytes(int status, string contentType, Action<IBufferWriter<byte>> write)
    {
        var buffer = new ArrayBufferWriter<byte>(4096);
        write(buffer);
        return new AdminResponse(status, contentType, buffer.WrittenMemory);
    }

    public AdminResponse With(string name, string value) => this with { Fields = [.. Fields, (name, value)] };
}
