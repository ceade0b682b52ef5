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
    /// RFC 3986 §5.2.4, with dots also written <c>%2e</c>; ".." above the root stays at the root. Writes at most <c>path.Length</c> bytes (and never none) and
    /// returns their number. <paramref name="path"/> begins with a slash.
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

    /// <summary>The path as routes and policies see it: repeated slashes count as one. Returns the input itself when nothing changes; else fills the scratch (as long as the path).</summary>
    public static ReadOnlySpan<byte> ForMatching(ReadOnlySpan<byte> path, HttpRules rules, Span<byte> scratch)
    {
        if (!rules.MergeSlashesInMatching)
        {
            return path;
        }

        var twice = path.IndexOf("//"u8);
        if (twice < 0)
        {
            return path;
        }

        var written = twice + 1;
        path[..written].CopyTo(scratch);
        for (var rest = path[written..]; ;)
        {
            rest = rest.TrimStart((byte)'/');
            twice = rest.IndexOf("//"u8);
            var run = twice < 0 ? rest : rest[..(twice + 1)];
            run.CopyTo(scratch[written..]);
            written += run.Length;
            if (twice < 0)
            {
                return scratch[..written];
            }

            rest = rest[run.Length..];
        }
    }

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
