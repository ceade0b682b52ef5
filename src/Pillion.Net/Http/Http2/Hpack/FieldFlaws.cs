using System.Buffers;

namespace Pillion.Net.Http.Http2.Hpack;

/// <summary>What is wrong with a field by itself (RFC 9113 §8.2.1); found once, when its bytes arrive, and kept with them in the table.</summary>
[Flags]
internal enum FieldFlaws : byte
{
    None = 0,
    UpperCase = 1,
    BadName = 2,

    /// <summary>The value holds NUL, CR or LF, or begins or ends with white space.</summary>
    BadValue = 4,

    /// <summary>The value holds another control byte.</summary>
    ControlByte = 8,
}

/// <summary>Finds them.</summary>
internal static class FieldFlawSearch
{
    private static readonly SearchValues<byte> LowerToken =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"u8);

    private static readonly SearchValues<byte> LineBytes = SearchValues.Create(0, HttpBytes.Cr, HttpBytes.Lf);

    public static FieldFlaws InName(ReadOnlySpan<byte> name)
    {
        var bad = name.IndexOfAnyExcept(LowerToken);
        return bad < 0 && !name.IsEmpty ? FieldFlaws.None : bad >= 0 && char.IsAsciiLetterUpper((char)name[bad]) ? FieldFlaws.UpperCase : FieldFlaws.BadName;
    }

    public static FieldFlaws InValue(ReadOnlySpan<byte> value)
    {
        if (value.IsEmpty)
        {
            return FieldFlaws.None;
        }

        var flaws = value[0] is HttpBytes.Space or HttpBytes.Tab || value[^1] is HttpBytes.Space or HttpBytes.Tab ? FieldFlaws.BadValue : FieldFlaws.None;
        if (value.IndexOfAny(HttpBytes.Controls) >= 0)
        {
            flaws |= value.IndexOfAny(LineBytes) >= 0 ? FieldFlaws.BadValue : FieldFlaws.ControlByte;
        }

        return flaws;
    }
}
