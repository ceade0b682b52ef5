namespace Pillion.Core.Configuration;

/// <summary>Finds the name a user may have meant.</summary>
internal static class NearestName
{
    /// <summary>The closest of the names when it is close enough to be a slip of the fingers, else null.</summary>
    public static string? Of(string written, IEnumerable<string> names)
    {
        // A slip is one edit in a short word and up to three in a long one; more is another word.
        var limit = Math.Clamp(written.Length / 3, 1, 3);
        string? nearest = null;
        var best = limit + 1;
        foreach (var name in names)
        {
            if (Math.Abs(name.Length - written.Length) <= limit && Distance(written, name) is var distance && distance < best)
            {
                (nearest, best) = (name, distance);
            }
        }

        return nearest;
    }

    /// <summary>
    /// The Damerau-Levenshtein distance with adjacent transpositions, case and the difference of - and _ ignored. A digit is not a slip: HTTP2 is not
    /// meant as HTTP1.
    /// </summary>
    public static int Distance(string a, string b)
    {
        var beforeLast = new int[b.Length + 1];
        var last = new int[b.Length + 1];
        var row = new int[b.Length + 1];
        for (var j = 0; j <= b.Length; j++)
        {
            last[j] = j == 0 ? 0 : last[j - 1] + Cost(b[j - 1]);
        }

        for (var i = 1; i <= a.Length; i++)
        {
            row[0] = last[0] + Cost(a[i - 1]);
            for (var j = 1; j <= b.Length; j++)
            {
                var same = Fold(a[i - 1]) == Fold(b[j - 1]);
                row[j] = Math.Min(
                    Math.Min(last[j] + Cost(a[i - 1]), row[j - 1] + Cost(b[j - 1])),
                    last[j - 1] + (same ? 0 : Math.Max(Cost(a[i - 1]), Cost(b[j - 1]))));
                if (i > 1 && j > 1 && Fold(a[i - 1]) == Fold(b[j - 2]) && Fold(a[i - 2]) == Fold(b[j - 1]))
                {
                    row[j] = Math.Min(row[j], beforeLast[j - 2] + 1);
                }
            }

            (beforeLast, last, row) = (last, row, beforeLast);
        }

        return last[b.Length];
    }

    private static int Cost(char c) => char.IsAsciiDigit(c) ? 4 : 1;

    private static char Fold(char c) => c == '-' ? '_' : char.ToLowerInvariant(c);
}
