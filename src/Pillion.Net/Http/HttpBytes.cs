using System.Buffers;

namespace Pillion.Net.Http;

/// <summary>The byte classes of RFC 9110 §5.6 and RFC 3986, as vectorised searches.</summary>
internal static class HttpBytes
{
    public const byte Cr = (byte)'\r';
    public const byte Lf = (byte)'\n';
    public const byte Space = (byte)' ';
    public const byte Tab = (byte)'\t';

    /// <summary>tchar: methods, field names, list tokens.</summary>
    public static readonly SearchValues<byte> Token =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"u8);

    /// <summary>
    /// Every control byte but HTAB, DEL included: what ends a line and what must not be in one, found by the same search.
    /// </summary>
    public static readonly SearchValues<byte> Controls = SearchValues.Create(
        0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 127);

    /// <summary>
    /// What no request target may hold: control bytes, white space and '#'. Bytes from 0x80 up pass, because honest clients (curl with a
    /// URL typed in UTF-8) send them, no delimiter is among them, and they are sent on unchanged; so do <c>" &lt; &gt; ^ ` { | }</c>, which
    /// browsers leave raw.
    /// </summary>
    public static readonly SearchValues<byte> NotInTarget = SearchValues.Create(
        0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, (byte)'#', 127);

    /// <summary>reg-name without its percent sign: unreserved and sub-delims (RFC 3986 §3.2.2).</summary>
    public static readonly SearchValues<byte> RegName =
        SearchValues.Create("-._~!$&'()*+,;=0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"u8);

    /// <summary>Without the optional white space (SP, HTAB) at both ends.</summary>
    public static ReadOnlySpan<byte> TrimOws(ReadOnlySpan<byte> value)
    {
        var start = 0;
        var end = value.Length;
        while (start < end && value[start] is Space or Tab)
        {
            start++;
        }

        while (end > start && value[end - 1] is Space or Tab)
        {
            end--;
        }

        return value[start..end];
    }

    public static bool IsToken(ReadOnlySpan<byte> value) => !value.IsEmpty && value.IndexOfAnyExcept(Token) < 0;

    public static bool IsDigit(byte value) => (uint)(value - '0') <= 9;
}
