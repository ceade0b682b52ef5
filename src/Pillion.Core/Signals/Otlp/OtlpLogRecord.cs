using Pillion.Core.Protobuf;

namespace Pillion.Core.Signals.Otlp;

/// <summary>
/// Log records as they lie in a ring: each is the field ScopeLogs.log_records with its tag and length, so that a batch is made by putting them behind one
/// another. A record may be divided by the ring's end.
/// </summary>
internal static class OtlpLogRecord
{
    /// <summary>ScopeLogs.log_records.</summary>
    public const int Field = 2;

    private const byte Tag = (Field << 3) | 2;

    /// <summary>The bytes of the record at <paramref name="at"/>, its tag and length included; 0 at the end.</summary>
    public static int Length(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, int at)
    {
        var total = first.Length + second.Length;
        if (at >= total)
        {
            return 0;
        }

        System.Diagnostics.Debug.Assert(At(first, second, at) == Tag, "a ring holds whole records");
        var length = 0;
        var shift = 0;
        var position = at + 1;
        byte part;
        do
        {
            part = At(first, second, position++);
            length |= (part & 0x7F) << shift;
            shift += 7;
        }
        while (part >= 0x80);
        return position - at + length;
    }

    public static void Copy(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, int at, int length, ProtoWriter writer)
    {
        var inFirst = Math.Clamp(first.Length - at, 0, length);
        if (inFirst > 0)
        {
            writer.Raw(first.Slice(at, inFirst));
        }

        if (inFirst < length)
        {
            writer.Raw(second.Slice(at + inFirst - first.Length, length - inFirst));
        }
    }

    private static byte At(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, int index) => index < first.Length ? first[index] : second[index - first.Length];
}
