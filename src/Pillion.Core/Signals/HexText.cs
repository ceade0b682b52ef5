using System.Buffers.Binary;

namespace Pillion.Core.Signals;

/// <summary>Lower-case hexadecimal digits, which is how request ids and trace ids are written.</summary>
internal static class HexText
{
    /// <summary>Writes the 16 digits of a number.</summary>
    public static void Write(Span<byte> destination, ulong value)
    {
        BinaryPrimitives.WriteUInt64BigEndian(destination, Digits((uint)(value >> 32)));
        BinaryPrimitives.WriteUInt64BigEndian(destination[8..], Digits((uint)value));
    }

    // Eight digits at once: each four bits move into a byte of their own; those above nine go on from 'a'.
    private static ulong Digits(uint value)
    {
        var spread = ((ulong)(value & 0xFFFF_0000) << 16) | (value & 0xFFFF);
        spread = (spread | (spread << 8)) & 0x00FF_00FF_00FF_00FF;
        spread = (spread | (spread << 4)) & 0x0F0F_0F0F_0F0F_0F0F;
        var letters = ((spread + 0x0606_0606_0606_0606) >> 4) & 0x0101_0101_0101_0101;
        return spread + 0x3030_3030_3030_3030 + (letters * ('a' - '9' - 1));
    }

    /// <summary>Reads up to 16 digits of either case; false for anything else.</summary>
    public static bool TryRead(ReadOnlySpan<byte> text, out ulong value)
    {
        value = 0;
        if (text.Length is 0 or > 16)
        {
            return false;
        }

        foreach (var digit in text)
        {
            var lower = digit | 0x20;
            var number = digit is >= (byte)'0' and <= (byte)'9' ? digit - '0' : lower is >= 'a' and <= 'f' ? lower - 'a' + 10 : -1;
            if (number < 0)
            {
                return false;
            }

            value = (value << 4) | (uint)number;
        }

        return true;
    }

    public static bool IsLowerHex(ReadOnlySpan<byte> text) => text.IndexOfAnyExcept("0123456789abcdef"u8) < 0;
}
