namespace Pillion.Net.Http.Http1;

/// <summary>One field line: <c>name ":" OWS value OWS</c> (RFC 9112 §5), for heads and trailers of both sides.</summary>
internal static class FieldLine
{
    // What a field list can hold (its lengths are 16 bits wide).
    private const int MaxName = 32 * 1024 - 1;

    /// <summary>Reads a line whose control bytes were checked before; the value's position is relative to the line.</summary>
    public static HttpViolation Read(
        ReadOnlySpan<byte> line, HttpRules rules, out KnownField known, out int nameLength, out int valueStart, out int valueLength)
    {
        known = KnownField.Other;
        valueStart = valueLength = 0;
        nameLength = line.IndexOf((byte)':');
        if (nameLength < 0)
        {
            return HttpViolation.BadFieldLine;
        }

        var name = line[..nameLength];
        known = KnownFields.Identify(name);
        if (known == KnownField.Other && !HttpBytes.IsToken(name))
        {
            var trimmed = name.TrimEnd(" \t"u8);
            if (trimmed.Length == name.Length || !HttpBytes.IsToken(trimmed))
            {
                return HttpViolation.BadFieldName;
            }

            if (rules.RejectSpaceBeforeColon)
            {
                return HttpViolation.SpaceBeforeColon;
            }

            nameLength = trimmed.Length;
            known = KnownFields.Identify(trimmed);
        }

        if (nameLength > MaxName)
        {
            return HttpViolation.FieldNameTooLong;
        }

        valueStart = name.Length + 1;
        var end = line.Length;
        while (valueStart < end && line[valueStart] is HttpBytes.Space or HttpBytes.Tab)
        {
            valueStart++;
        }

        while (end > valueStart && line[end - 1] is HttpBytes.Space or HttpBytes.Tab)
        {
            end--;
        }

        valueLength = end - valueStart;
        return HttpViolation.None;
    }

    /// <summary>Each fold (white space around a line end) becomes one space, in place (RFC 9112 §5.2). Returns the new length.</summary>
    public static int Unfold(Span<byte> value)
    {
        var written = 0;
        var read = 0;
        while (read < value.Length)
        {
            var run = read;
            var folded = false;
            while (run < value.Length && value[run] is HttpBytes.Space or HttpBytes.Tab or HttpBytes.Cr or HttpBytes.Lf)
            {
                folded |= value[run] == HttpBytes.Lf;
                run++;
            }

            if (folded)
            {
                // Nothing before or behind it: the fold was the optional white space around the value.
                if (written > 0 && run < value.Length)
                {
                    value[written++] = HttpBytes.Space;
                }

                read = run;
                continue;
            }

            do
            {
                value[written++] = value[read++];
            }
            while (read < run);
        }

        return written;
    }
}
