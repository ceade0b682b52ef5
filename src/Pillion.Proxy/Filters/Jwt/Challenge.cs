using Pillion.Net.Http;

namespace Pillion.Proxy.Filters.Jwt;

/// <summary><c>WWW-Authenticate</c> of a request that did not show a good token (RFC 6750 §3).</summary>
internal static class Challenge
{
    private const int LongestRealm = 256;

    // What is echoed of the request must not end the quoted text that it stands in.
    private static readonly System.Buffers.SearchValues<byte> Plain =
        System.Buffers.SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~:/[]%!$&'()*+,;=@"u8);

    public static void Add(FieldList fields, bool isHttps, ReadOnlySpan<byte> authority, ReadOnlySpan<byte> path, bool isInvalid)
    {
        Span<byte> value = stackalloc byte[LongestRealm + 64];
        var length = Append(value, 0, "Bearer realm=\""u8);
        if (authority.Length + path.Length < LongestRealm - 8 && authority.IndexOfAnyExcept(Plain) < 0 && path.IndexOfAnyExcept(Plain) < 0)
        {
            length = Append(value, length, isHttps ? "https://"u8 : "http://"u8);
            length = Append(value, length, authority);
            length = Append(value, length, path);
        }
        else
        {
            length = Append(value, length, "pillion"u8);
        }

        length = Append(value, length, isInvalid ? "\", error=\"invalid_token\""u8 : "\""u8);
        fields.Add("WWW-Authenticate"u8, value[..length]);
    }

    private static int Append(Span<byte> value, int length, ReadOnlySpan<byte> text)
    {
        text.CopyTo(value[length..]);
        return length + text.Length;
    }
}
