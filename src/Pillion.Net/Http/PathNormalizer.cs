namespace Pillion.Net.Http;

/// <summary>Paths as they are matched and sent on. <c>%2F</c> is never a separator; nothing but dots is ever decoded.</summary>
internal static class PathNormalizer
{
    /// <summary>False (and cheap) for nearly every path; true when <see cref="ResolveDotSegments"/> has something to do.</summary>
    public static bool HasDotSegments(ReadOnlySpan<byte> path)
    {
        // Every dot segment begins behind a slash with '.' or "%2e".
        for (var rest = path; ;)
        {
            var slash = rest.IndexOf((byte)'/');
            if (slash < 0)
            {
                return false;
            }

            rest = rest[(slash + 1)..];
            if (!rest.IsEmpty && rest[0] is (byte)'.' or (byte)'%' && Dots(Segment(rest)) > 0)
            {
                return true;
            }
        }
    }

    /// <summary>
    /// RFC 3986 §5.2.4, with dots also written <c>%2e</c>; ".." above the root stays at the root. Writes at most <c>path.Length</c> bytes
    /// (and never none) and returns their number. <paramref name="path"/> begins with a slash.
    /// </summary>
    public static int ResolveDotSegments(ReadOnlySpan<byte> path, Span<byte> destination)
    {
        var written = 0;
        while (!path.IsEmpty)
        {
            var segment = Segment(path[1..]);
            var isLast = segment.Length + 1 == path.Length;
            switch (Dots(segment))
            {
                case 0:
                    path[..(segment.Length + 1)].CopyTo(destination[written..]);
                    written += segment.Length + 1;
                    break;
                case 2:
                    written = Math.Max(0, destination[..written].LastIndexOf((byte)'/'));
                    goto case 1;
                case 1:
                    // "/a/." and "/a/.." name a directory: they end in a slash.
                    if (isLast)
                    {
                        destination[written++] = (byte)'/';
                    }

                    break;
            }

            path = path[(segment.Length + 1)..];
        }

        return written;
    }

    /// <summary>
    /// The path as routes and policies see it: repeated slashes count as one, and a letter, digit, '-', '.', '_' or '~' is itself however
    /// it is written (RFC 3986 §6.2.2.2), so that <c>/%61dmin</c> does not pass by a rule for <c>/admin</c>. Returns the input itself when
    /// nothing changes; else it fills the scratch, which is as long as the path. What is sent on stays as it came.
    /// </summary>
    public static ReadOnlySpan<byte> ForMatching(ReadOnlySpan<byte> path, HttpRules rules, Span<byte> scratch)
    {
        var merges = rules.MergeSlashesInMatching && path.IndexOf("//"u8) >= 0;
        var decodes = rules.DecodeUnreservedInMatching && path.Contains((byte)'%');
        if (!merges && !decodes)
        {
            return path;
        }

        var written = 0;
        for (var read = 0; read < path.Length; read++)
        {
            var value = path[read];
            if (merges && value == '/' && written > 0 && scratch[written - 1] == '/')
            {
                continue;
            }

            if (decodes && value == '%' && TryDecodeUnreserved(path[read..], out var decoded))
            {
                value = decoded;
                read += 2;
            }

            scratch[written++] = value;
        }

        // Every change shortens.
        return written == path.Length ? path : scratch[..written];
    }

    /// <summary>
    /// How much of a path, as it came, its first <paramref name="matchingLength"/> bytes in the form of <see cref="ForMatching"/> are. A run of slashes
    /// at their end belongs to them.
    /// </summary>
    public static int LengthAsItCame(ReadOnlySpan<byte> path, HttpRules rules, int matchingLength)
    {
        var left = matchingLength;
        var previous = (byte)0;
        var at = 0;
        while (at < path.Length)
        {
            var value = path[at];
            var width = 1;
            if (rules.DecodeUnreservedInMatching && value == '%' && TryDecodeUnreserved(path[at..], out var decoded))
            {
                value = decoded;
                width = 3;
            }

            var isRepeated = rules.MergeSlashesInMatching && value == '/' && previous == '/';
            if (!isRepeated && left-- == 0)
            {
                break;
            }

            previous = value;
            at += width;
        }

        return at;
    }

    private static bool TryDecodeUnreserved(ReadOnlySpan<byte> escape, out byte decoded)
    {
        decoded = 0;
        if (escape.Length < 3 || !char.IsAsciiHexDigit((char)escape[1]) || !char.IsAsciiHexDigit((char)escape[2]))
        {
            return false;
        }

        decoded = (byte)((HexValue(escape[1]) << 4) | HexValue(escape[2]));
        return char.IsAsciiLetterOrDigit((char)decoded) || decoded is (byte)'-' or (byte)'.' or (byte)'_' or (byte)'~';
    }

    private static int HexValue(byte digit) => digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10;

    private static ReadOnlySpan<byte> Segment(ReadOnlySpan<byte> rest)
    {
        var slash = rest.IndexOf((byte)'/');
        return slash < 0 ? rest : rest[..slash];
    }

    // 1 for ".", 2 for "..", 0 for any other segment.
    private static int Dots(ReadOnlySpan<byte> segment)
    {
        var dots = 0;
        while (!segment.IsEmpty)
        {
            if (segment[0] == '.')
            {
                segment = segment[1..];
            }
            else if (segment is [(byte)'%', (byte)'2', (byte)'e' or (byte)'E', ..])
            {
                segment = segment[3..];
            }
            else
            {
                return 0;
            }

            if (++dots > 2)
            {
                return 0;
            }
        }

        return dots;
    }
}
