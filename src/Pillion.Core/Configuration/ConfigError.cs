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
        if (shown.AsSpan().ContainsAnyInRange('\0', '\x1f') || shown.Contains('\x7f'))
        {
            shown = string.Concat(shown.Select(c => c switch
            {
                '\n' => "\\n",
                '\r' => "\\r",
                '\t' => "\\t",
                < ' ' or '\x7f' => $"\\x{(int)c:x2}",
                _ => c.ToString(),
            }));
        }

        return $"'{shown}'";
    }
}
