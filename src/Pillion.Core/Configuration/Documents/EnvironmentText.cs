using System.Text;

namespace Pillion.Core.Configuration.Documents;

/// <summary>
/// Puts the environment into scalar values: <c>${NAME}</c>, <c>${NAME:-default}</c>, and <c>$${</c> for a literal <c>${</c>. Keys and structure are never
/// touched: the value of a variable cannot add a setting.
/// </summary>
internal sealed class EnvironmentText(string file, Func<string, string?> environment, List<ConfigError> errors)
{
    /// <summary>The text with its variables replaced; null after a mistake.</summary>
    public string? Expand(string text, int line, int column, string path)
    {
        var start = text.IndexOf("${", StringComparison.Ordinal);
        if (start < 0)
        {
            return text;
        }

        var expanded = new StringBuilder();
        var at = 0;
        var complete = true;
        while (start >= 0)
        {
            if (start > at && text[start - 1] == '$')
            {
                expanded.Append(text, at, start - 1 - at).Append("${");
                at = start + 2;
            }
            else
            {
                expanded.Append(text, at, start - at);
                var end = text.IndexOf('}', start);
                if (end < 0)
                {
                    errors.Note(new(file, line, column, path, $"{ConfigError.Quote(text[start..])} has no closing brace", "write ${NAME}, or $${ for a literal ${"));
                    return null;
                }

                var value = ValueOf(text[(start + 2)..end], line, column, path);
                complete &= value is not null;
                expanded.Append(value);
                at = end + 1;
            }

            start = text.IndexOf("${", at, StringComparison.Ordinal);
        }

        return complete ? expanded.Append(text, at, text.Length - at).ToString() : null;
    }

    private string? ValueOf(string reference, int line, int column, string path)
    {
        var split = reference.IndexOf(":-", StringComparison.Ordinal);
        var name = split < 0 ? reference : reference[..split];
        if (!IsName(name))
        {
            errors.Note(new(file, line, column, path, $"{ConfigError.Quote("${" + reference + "}")} does not name an environment variable", "write ${NAME} or ${NAME:-default}, or $${ for a literal ${"));
            return null;
        }

        var value = environment(name);
        if (split >= 0)
        {
            // As in a shell, an empty variable takes the default too.
            return string.IsNullOrEmpty(value) ? reference[(split + 2)..] : value;
        }

        if (value is null)
        {
            errors.Note(new(file, line, column, path, $"the environment variable '{name}' is not set", $"set it, or write ${{{name}:-default}}"));
        }

        return value;
    }

    private static bool IsName(string name) =>
        name.Length > 0 && !char.IsAsciiDigit(name[0]) && name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_');
}
