namespace Pillion.Core.Signals;

/// <summary>Makes request ids in the form of a version 4 UUID (RFC 9562 §5.4), without allocation; one per loop.</summary>
internal sealed class RequestIds(RandomBytes random)
{
    public const int Length = 36;

    // A value that a person or a peer may choose: long enough for every usual form, short enough for a record.
    private const int MaxForeignLength = 64;

    /// <summary>Writes 36 bytes.</summary>
    public void Write(Span<byte> destination)
    {
        Span<byte> hex = stackalloc byte[32];
        HexText.Write(hex, (random.Next() & 0xFFFF_FFFF_FFFF_0FFF) | 0x4000);
        HexText.Write(hex[16..], (random.Next() & 0x3FFF_FFFF_FFFF_FFFF) | 0x8000_0000_0000_0000);
        hex[..8].CopyTo(destination);
        destination[8] = (byte)'-';
        hex[8..12].CopyTo(destination[9..]);
        destination[13] = (byte)'-';
        hex[12..16].CopyTo(destination[14..]);
        destination[18] = (byte)'-';
        hex[16..20].CopyTo(destination[19..]);
        destination[23] = (byte)'-';
        hex[20..32].CopyTo(destination[24..]);
    }

    /// <summary>An id that came with a request may be kept: visible ASCII that fits a record whole and can be asked for.</summary>
    public static bool IsUsable(ReadOnlySpan<byte> id) =>
        id.Length is > 0 and <= MaxForeignLength && id.IndexOfAnyExceptInRange((byte)0x21, (byte)0x7E) < 0;
}
