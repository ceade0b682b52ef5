namespace Pillion.Net.Http.Http2.Hpack;

/// <summary>The integers of RFC 7541 §5.1.</summary>
internal static class HpackInteger
{
    /// <summary>The most bytes that <see cref="Write"/> writes.</summary>
    public const int MaxBytes = 6;

    // Nothing that is counted here comes near; a longer integer can only mean harm.
    private const int MaxShift = 21;

    /// <summary>Reads an integer whose first byte, of which the lower <paramref name="prefix"/> bits belong to it, is at <paramref name="at"/>; false when it is cut off or too large.</summary>
    public static bool TryRead(ReadOnlySpan<byte> block, scoped ref int at, int prefix, out int value)
    {
        var mask = (1 << prefix) - 1;
        value = block[at++] & mask;
        if (value < mask)
        {
            return true;
        }

        for (var shift = 0; shift <= MaxShift && at < block.Length; shift += 7)
        {
            var next = block[at++];
            value += (next & 0x7F) << shift;
            if ((next & 0x80) == 0)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Writes an integer behind the pattern that fills the upper bits of its first byte, and returns the bytes written.</summary>
    public static int Write(Span<byte> destination, byte pattern, int prefix, int value)
    {
        var mask = (1 << prefix) - 1;
        if (value < mask)
        {
            destination[0] = (byte)(pattern | value);
            return 1;
        }

        destination[0] = (byte)(pattern | mask);
        value -= mask;
        var written = 1;
        while (value >= 0x80)
        {
            destination[written++] = (byte)(0x80 | (value & 0x7F));
            value >>= 7;
        }

        destination[written++] = (byte)value;
        return written;
    }
}
