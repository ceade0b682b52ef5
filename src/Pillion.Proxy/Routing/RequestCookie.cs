using Pillion.Net.Http;

namespace Pillion.Proxy.Routing;

/// <summary>A cookie's value in a request (RFC 6265 §4.2.1); over HTTP/2 the field may come in several parts.</summary>
internal static class RequestCookie
{
    /// <summary>Empty where there is no such cookie.</summary>
    public static ReadOnlySpan<byte> Find(FieldList fields, ReadOnlySpan<byte> name)
    {
        for (var index = fields.IndexOf(KnownField.Cookie); index >= 0; index = fields.IndexOf(KnownField.Cookie, index + 1))
        {
            var rest = fields.Value(index);
            while (!rest.IsEmpty)
            {
                var end = rest.IndexOf((byte)';');
                var pair = (end < 0 ? rest : rest[..end]).Trim((byte)' ');
                rest = end < 0 ? default : rest[(end + 1)..];
                if (pair.Length > name.Length && pair[name.Length] == (byte)'=' && pair.StartsWith(name))
                {
                    return pair[(name.Length + 1)..].Trim((byte)'"');
                }
            }
        }

        return default;
    }
}
