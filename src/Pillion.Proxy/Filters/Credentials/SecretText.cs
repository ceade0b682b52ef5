using System.Text;

namespace Pillion.Proxy.Filters.Credentials;

/// <summary>Files of secrets, a line each: <c>NAME:SECRET</c>. Empty lines and those that begin with # are passed over. What is wrong is told by the line's number, never by what stands there.</summary>
internal static class SecretText
{
    /// <returns>What is wrong, or null.</returns>
    public static string? ReadLines(byte[] content, Func<string, string, string?> add)
    {
        string text;
        try
        {
            text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(content);
        }
        catch (DecoderFallbackException)
        {
            return "is not text";
        }

        var number = 0;
        var count = 0;
        foreach (var line in text.Split('\n'))
        {
            number++;
            var trimmed = line.Trim();
            if (trimmed.Length == 0 || trimmed[0] == '#')
            {
                continue;
            }

            var colon = trimmed.IndexOf(':');
            if (colon <= 0 || colon == trimmed.Length - 1 || trimmed.Any(char.IsControl))
            {
                return $"has a line {number} that is not NAME:SECRET";
            }

            if (add(trimmed[..colon], trimmed[(colon + 1)..]) is { } problem)
            {
                return $"has a line {number} whose {problem}";
            }

            count++;
        }

        return count == 0 ? "names nobody" : null;
    }
}
