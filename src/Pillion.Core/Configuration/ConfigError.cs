namespace Pillion.Core.Configuration;

/// <summary>One mistake in a configuration file: where it is, what is wrong and what would be right.</summary>
/// <param name="File">The file as the user named it.</param>
/// <param name="Line">Line, from 1; 0 when the mistake is the file itself, such as one that cannot be read.</param>
/// <param name="Column">Column, from 1.</param>
/// <param name="Path">The path inside the file, or empty.</param>
/// <param name="Problem">What is wrong, with the value.</param>
/// <param name="Remedy">What would be right.</param>
internal sealed record ConfigError(string File, int Line, int Column, string Path, string Problem, string Remedy)
{
    /// <summary>The file is missing or unreadable, so nothing in it was looked at.</summary>
    public bool IsAboutFile => Line == 0;

    public override string ToString()
    {
        var place = IsAboutFile ? $"{File}: " : $"{File}:{Line}:{Column}: ";
        var path = Path.Length == 0 ? "" : Path + ": ";
        return $"{place}{path}{Problem}; {Remedy}";
    }

    /// <summary>A value as a message shows it: in quotes, on one line, cut when it is long.</summary>
    public static string Quote(string value)
    {
        const int longest = 80;
        var shown = value.Length > longest ? value[..longest] + "…" : value;
        return $"'{OnOneLine(shown)}'";
    }

    /// <summary>Control characters written out: what stands in a file must neither break a line of ours nor command a terminal.</summary>
    public static string OnOneLine(string text) => !text.Any(IsUnsafe) ? text : string.Concat(text.Select(c => c switch
    {
        '\n' => "\\n",
        '\r' => "\\r",
        '\t' => "\\t",
        _ when IsUnsafe(c) => $"\\u{(int)c:x4}",
        _ => c.ToString(),
    }));

    // Besides controls: the line and paragraph separators, and the marks that reverse the direction of text.
    private static bool IsUnsafe(char c) => char.IsControl(c) || c is '\u2028' or '\u2029' or (>= '\u202a' and <= '\u202e') or (>= '\u2066' and <= '\u2069');
}
