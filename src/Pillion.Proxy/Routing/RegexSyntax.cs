using System.Buffers;
using System.Text;
using System.Text.RegularExpressions;

namespace Pillion.Proxy.Routing;

/// <summary>
/// The regular expressions of a configuration: linear in time whatever the input (no lookaround, no back references), like RE2's, which Envoy
/// uses. Text is matched as Latin-1, a character per byte.
/// </summary>
internal static class RegexSyntax
{
    private const RegexOptions Options = RegexOptions.NonBacktracking | RegexOptions.CultureInvariant;

    private static readonly SearchValues<char> WordCharacters =
        SearchValues.Create("_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    /// <summary>Null when the pattern can be used, else what is wrong with it.</summary>
    public static string? Check(string pattern)
    {
        try
        {
            if (FindPosixClass(pattern) is { } posix)
            {
                return $"'{posix}' is not supported; write the characters out, such as [A-Za-z0-9]";
            }

            // Alone first: ")(" would be balanced again by the brackets put around it.
            Find(pattern);
            Full(pattern);
            return null;
        }
        catch (NotSupportedException)
        {
            return "lookaround, back references, atomic groups and conditionals are not supported; they can take exponential time";
        }
        catch (ArgumentException refused)
        {
            return refused is RegexParseException parse ? $"not a regular expression: {Describe(parse)}" : "not a regular expression";
        }
    }

    /// <summary>Null when a rewrite's substitution fits its pattern, which <see cref="Check"/> has let pass.</summary>
    public static string? CheckSubstitution(string pattern, string substitution)
    {
        var groups = Find(pattern).GetGroupNumbers().Length - 1;
        for (var i = 0; i < substitution.Length; i++)
        {
            if (substitution[i] != '\\')
            {
                continue;
            }

            i++;
            if (i == substitution.Length || (substitution[i] != '\\' && !char.IsAsciiDigit(substitution[i])))
            {
                return @"a backslash must be followed by the number of a group, such as \1, or by a backslash";
            }

            if (substitution[i] != '\\' && substitution[i] - '0' > groups)
            {
                return $@"there is no group \{substitution[i]}; the pattern has {groups}";
            }
        }

        return substitution.AsSpan().ContainsAnyInRange('\0', ' ') || substitution.AsSpan().ContainsAnyExceptInRange('!', '~')
            ? "a path is written in visible ASCII; escape other characters as %XX"
            : null;
    }

    /// <summary>A regex that only the whole text matches.</summary>
    public static Regex Full(string pattern, bool ignoreCase = false) =>
        new(@"\A(?:" + Translate(pattern) + @")\z", ignoreCase ? Options | RegexOptions.IgnoreCase : Options);

    /// <summary>A regex that matches anywhere in the text.</summary>
    public static Regex Find(string pattern) => new(Translate(pattern), Options);

    // RE2 names groups (?P<name>…) and numbers all groups from left to right; .NET numbers the named ones last. Names are of no use here
    // (a substitution refers to numbers), so a named group becomes a plain one.
    private static string Translate(string pattern)
    {
        var plain = new StringBuilder(pattern.Length);
        var inClass = false;
        for (var i = 0; i < pattern.Length; i++)
        {
            var rest = pattern.AsSpan(i);
            if (rest is ['\\', _, ..])
            {
                plain.Append(rest[..2]);
                i++;
                continue;
            }

            inClass = rest[0] switch
            {
                '[' => true,
                ']' => false,
                _ => inClass,
            };
            var name = inClass ? 0 : rest switch
            {
                ['(', '?', 'P', '<', ..] => 4,
                ['(', '?', '<', not ('=' or '!'), ..] => 3,
                _ => 0,
            };
            var end = name == 0 ? -1 : rest.IndexOf('>');
            plain.Append(rest[0]);
            if (end > name && rest[name..end].IndexOfAnyExcept(WordCharacters) < 0)
            {
                i += end;
            }
        }

        return plain.ToString();
    }

    // .NET would read [[:alpha:]] as a class of the letters a, l, p, h and ':' without a word.
    private static string? FindPosixClass(string pattern)
    {
        var start = pattern.IndexOf("[:", StringComparison.Ordinal);
        var end = start < 0 ? -1 : pattern.IndexOf(":]", start + 2, StringComparison.Ordinal);
        if (end < 0 || pattern.AsSpan(0, start).IndexOf('[') < 0)
        {
            return null;
        }

        var name = pattern.AsSpan(start + 2, end - start - 2);
        return name.IndexOfAnyExceptInRange('a', 'z') < 0 && name.Length > 0 ? pattern[start..(end + 2)] : null;
    }

    // The library's own sentence is a resource key in the published binary (UseSystemResourceKeys); the error's name is not.
    private static string Describe(RegexParseException parse)
    {
        var words = new StringBuilder();
        foreach (var letter in parse.Error.ToString())
        {
            if (char.IsUpper(letter) && words.Length > 0)
            {
                words.Append(' ');
            }

            words.Append(char.ToLowerInvariant(letter));
        }

        return $"{words} at character {parse.Offset}";
    }
}
