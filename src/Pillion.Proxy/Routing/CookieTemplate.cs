using System.Globalization;
using System.Text;
using Pillion.Net.Http;

namespace Pillion.Proxy.Routing;

/// <summary>A cookie that Pillion gives to clients, all but its value.</summary>
internal sealed class CookieTemplate(string name, TimeSpan ttl, string path)
{
    private const int MostValue = 512;

    private readonly byte[] _before = Encoding.ASCII.GetBytes($"{name}=\"");

    // Scripts have no business with it. Without a Max-Age it ends with the client's session (RFC 6265 §5.3).
    private readonly byte[] _behind = Encoding.ASCII.GetBytes(
        "\"" + (ttl > TimeSpan.Zero ? string.Create(CultureInfo.InvariantCulture, $"; Max-Age={Math.Max(1, (long)ttl.TotalSeconds)}") : "") + (path.Length > 0 ? $"; Path={path}" : "") + "; HttpOnly");

    public byte[] Name { get; } = Encoding.ASCII.GetBytes(name);

    /// <summary>Adds it to an answer.</summary>
    public void Give(ResponseHead response, ReadOnlySpan<byte> value)
    {
        if (value.Length > MostValue)
        {
            return;
        }

        Span<byte> text = stackalloc byte[_before.Length + value.Length + _behind.Length];
        _before.CopyTo(text);
        value.CopyTo(text[_before.Length..]);
        _behind.CopyTo(text[(_before.Length + value.Length)..]);
        response.Fields.Add(KnownField.SetCookie, text);
    }
}
