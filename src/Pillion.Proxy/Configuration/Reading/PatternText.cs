using Pillion.Core.Configuration.Reading;
using Pillion.Proxy.Routing;

namespace Pillion.Proxy.Configuration.Reading;

/// <summary>Regular expressions in a file: tried once here, so that a bad one is a mistake in the file.</summary>
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

        if (RegexSyntax.Check(pattern) is { } wrong)
        {
            value.FailText($"cannot be used: {wrong}", "use a form such as '/v[0-9]+/.*'");
            return null;
        }

        return pattern;
    }

    /// <summary>A pattern with what replaces its matches, or null after a mistake.</summary>
    public static RegexRewriteConfig? ReadRewrite(ConfigValue pattern, ConfigValue substitution)
    {
        var regex = Read(pattern);
        var text = substitution.AsText();
        if (regex is null)
        {
            return null;
        }

        if (RegexSyntax.CheckSubstitution(regex, text) is { } wrong)
        {
            substitution.FailText($"cannot replace a match: {wrong}", @"use a form such as '/new/\1'");
            return null;
        }

        return new(regex, text);
    }
}
