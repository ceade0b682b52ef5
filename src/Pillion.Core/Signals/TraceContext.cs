using Pillion.Core.Signals.Tracing;

namespace Pillion.Core.Signals;

/// <summary>
/// W3C Trace Context, level 1: <c>traceparent</c> as bytes. A valid one is continued, with a span id of our own for the next hop where that span is
/// recorded; anything else starts a new trace, as §3.2.2 and §4.3 ask.
/// </summary>
internal static class TraceContext
{
    /// <summary>The length of a version 00 header value.</summary>
    public const int Length = 55;

    public const int TraceIdLength = 32;

    private const int TraceIdStart = 3;
    private const int SpanIdStart = 36;
    private const int SpanIdLength = 16;
    private const int FlagsStart = 53;

    /// <summary>Writes the value to send on, 55 bytes. Of the flags only "sampled" is known; level 1 says to send the others as zero.</summary>
    public static void Write(Span<byte> destination, in TracePosition trace, ulong span)
    {
        "00-"u8.CopyTo(destination);
        HexText.Write(destination[TraceIdStart..], trace.High);
        HexText.Write(destination[(TraceIdStart + 16)..], trace.Low);
        destination[SpanIdStart - 1] = (byte)'-';
        HexText.Write(destination[SpanIdStart..], span);
        destination[FlagsStart - 1] = (byte)'-';
        destination[FlagsStart] = (byte)'0';
        destination[FlagsStart + 1] = trace.IsSampled ? (byte)'1' : (byte)'0';
    }

    /// <summary>Reads a valid value; false where it is none.</summary>
    public static bool TryRead(ReadOnlySpan<byte> value, out ReceivedTrace received)
    {
        received = default;
        if (!IsValid(value))
        {
            return false;
        }

        received.IsSampled = IsSampled(value);
        return HexText.TryRead(value.Slice(TraceIdStart, 16), out received.High)
            && HexText.TryRead(value.Slice(TraceIdStart + 16, 16), out received.Low)
            && HexText.TryRead(value.Slice(SpanIdStart, SpanIdLength), out received.Parent);
    }

    public static bool IsSampled(ReadOnlySpan<byte> traceparent) => (HexDigit(traceparent[FlagsStart + 1]) & 1) == 1;

    public static bool IsValid(ReadOnlySpan<byte> value)
    {
        if (value.Length < Length || value[2] != '-' || value[SpanIdStart - 1] != '-' || value[FlagsStart - 1] != '-')
        {
            return false;
        }

        var version = value[..2];
        if (!HexText.IsLowerHex(version) || version.SequenceEqual("ff"u8))
        {
            return false;
        }

        // Version 00 ends here; a later one may go on behind a dash and is read as far as we know it.
        if (value.Length > Length && (version.SequenceEqual("00"u8) || value[Length] != '-'))
        {
            return false;
        }

        return IsId(value.Slice(TraceIdStart, TraceIdLength))
            && IsId(value.Slice(SpanIdStart, SpanIdLength))
            && HexText.IsLowerHex(value.Slice(FlagsStart, 2));
    }

    private static bool IsId(ReadOnlySpan<byte> id) => HexText.IsLowerHex(id) && id.IndexOfAnyExcept((byte)'0') >= 0;

    private static int HexDigit(byte digit) => digit <= '9' ? digit - '0' : digit - 'a' + 10;
}
