using System.Text.RegularExpressions;
using Pillion.Core.Configuration.Reading;

namespace Pillion.Proxy.Configuration.Reading;

/// <summary>Regular expressions in a file: compiled once here, so that a bad one is a mistake in the file.</summary>
internal static class PatternText
{
    public const int MaxLength = 4096;

    /// <summary>The pattern, or null after a mistake.</summary>
    public static string? Read(ConfigValue value)
    {
        if (value.AsTextOrNull() is not { } pattern)
        {
            return null;
        }

        if (pattern.Length is 0 or > MaxLength)
        {
            value.FailText("is not a pattern", $"use a regular expression of 1-{MaxLength} characters");
            return null;
        }

        try
        {
            _ = new Regex(pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
            return pattern;
        }
        catch (NotSupportedException)
        {
            value.FailText("needs backtracking or is too large", "use a pattern without look-around, back-references or huge repetition");
        }
        catch (ArgumentException)
        {
            value.FailText("is not a regular expression", @"use a form such as '/v[0-9]+/.*'");
        }

        return null;
    }
}
