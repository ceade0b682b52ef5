using Pillion.Net.Http;

namespace Pillion.Proxy.Routing;

/// <summary>The cookies of a request (RFC 6265 §4.2); over HTTP/2 they may come as several fields (RFC 9113 §8.2.3).</summary>
internal static class RequestCookies
{
    /// <summary>The value of the first cookie with this name, without the quotes around it; false where there is none.</summary>
    public static bool TryGet(FieldList fields, ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        for (var i = fields.IndexOf(KnownField.Cookie); i >= 0; i = fields.IndexOf(KnownField.Cookie, i + 1))
        {
            if (TryFind(fields.Value(i), name, out value))
            {
                return true;
            }
        }

        value = default;
        return false;
    }

    private static bool TryFind(ReadOnlySpan<byte> cookies, ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        while (!cookies.IsEmpty)
        {
            var end = cookies.IndexOf((byte)';');
            var pair = (end < 0 ? cookies : cookies[..end]).Trim((byte)' ');
            if (pair.Length > name.Length && pair[name.Length] == '=' && pair.StartsWith(name))
            {
                value = pair[(name.Length + 1)..];
                value = value is [(byte)'"', .. var quoted, (byte)'"'] ? quoted : value;
                return true;
            }

            cookies = end < 0 ? default : cookies[(end + 1)..];
        }

        value = default;
        return false;
    }
}
