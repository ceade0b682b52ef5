namespace Pillion.Core.Signals;

/// <summary>Lower-case hexadecimal digits, which is how request ids and trace ids are written.</summary>
internal static class HexText
{
    /// <summary>Writes the 16 digits of a number.</summary>
    public static void Write(Span<byte> destination, ulong value)
    {
        var digits = "0123456789abcdef"u8;
        for (var i = 15; i >= 0; i--)
        {
            destination[i] = digits[(int)(value & 15)];
            value >>= 4;
        }
    }

    public static bool IsLowerHex(ReadOnlySpan<byte> text) => text.IndexOfAnyExcept("0123456789abcdef"u8) < 0;
}
