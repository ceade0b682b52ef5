using System.Buffers;
using System.Buffers.Text;
using System.Text;
using Pillion.Net.Http;

namespace Pillion.Proxy.Filters.Credentials.Basic;

/// <summary>What an Authorization field holds, as RFC 7617 §2 writes it.</summary>
internal enum BasicForm : byte
{
    Right,
    Missing,
    OtherScheme,
    Malformed,
}

/// <summary>Reads user and password of a field, into memory of the caller.</summary>
internal static class BasicCredential
{
    public const int Longest = 1024;

    /// <param name="room">At least <see cref="Longest"/> bytes; user and password lie in it.</param>
    public static BasicForm Read(ReadOnlySpan<byte> field, Span<byte> room, out Range user, out Range password)
    {
        (user, password) = (default, default);
        var value = HttpBytes.TrimOws(field);
        if (value.IsEmpty)
        {
            return BasicForm.Missing;
        }

        // RFC 9110 §11.1: schemes are compared without regard to case.
        if (value.Length < 6 || !Ascii.EqualsIgnoreCase(value[..6], "basic "u8))
        {
            return BasicForm.OtherScheme;
        }

        var token = value[6..].TrimStart((byte)' ');

        // Base64 takes no white space in between here, and padding may be missing, as in Envoy.
        var padding = token.TrimEnd((byte)'=');
        if (padding.IsEmpty || padding.Length > Longest || padding.Length % 4 == 1 || padding.ContainsAnyExcept(Alphabet))
        {
            return BasicForm.Malformed;
        }

        Span<byte> padded = stackalloc byte[Longest + 4];
        padding.CopyTo(padded);
        var length = padding.Length;
        while (length % 4 != 0)
        {
            padded[length++] = (byte)'=';
        }

        if (Base64.DecodeFromUtf8(padded[..length], room, out _, out var written) != OperationStatus.Done)
        {
            return BasicForm.Malformed;
        }

        var decoded = room[..written];
        var colon = decoded.IndexOf((byte)':');
        if (colon < 0 || decoded.IndexOfAny(HttpBytes.Controls) >= 0)
        {
            return BasicForm.Malformed;
        }

        (user, password) = (..colon, (colon + 1)..written);
        return BasicForm.Right;
    }

    private static readonly SearchValues<byte> Alphabet = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"u8);
}
