using System.Text;
using Pillion.Admin;

namespace Pillion.Tapping;

/// <summary>Leaves secrets out of what a tap shows: headers and parameters by their names, and values that look like nothing else than a secret.</summary>
internal static class TapRedaction
{
    private static readonly string[] SecretHeaders = ["proxy-authenticate", "www-authenticate", "x-forwarded-client-cert", "x-amz-security-token", "x-api-key", "x-csrf-token", "x-xsrf-token", "session", "signature"];
    private static readonly string[] SecretParameters = ["sig", "signature", "code", "key", "auth", "session", "sessionid", "sid", "jwt", "otp", "pin"];

    public static string Header(string name, string value) => IsSecretHeader(name) || LooksSecret(value) ? Redaction.Hidden : value;

    /// <summary>The target with the values of secret parameters left out.</summary>
    public static string Target(string target)
    {
        var question = target.IndexOf('?');
        if (question < 0)
        {
            return target;
        }

        var text = new StringBuilder(target, 0, question + 1, target.Length);
        var isFirst = true;
        foreach (var pair in target[(question + 1)..].Split('&'))
        {
            text.Append(isFirst ? "" : "&");
            isFirst = false;
            var equals = pair.IndexOf('=');
            var isSecret = equals >= 0 && (IsSecretParameter(pair[..equals]) || LooksSecret(pair[(equals + 1)..]));
            text.Append(isSecret ? $"{pair[..equals]}={Redaction.Hidden}" : pair);
        }

        return text.ToString();
    }

    private static bool IsSecretHeader(string name) => Redaction.IsSecret(name) || SecretHeaders.Any(secret => name.Contains(secret, StringComparison.OrdinalIgnoreCase));

    // A name may come percent-encoded to slip through.
    private static bool IsSecretParameter(string name)
    {
        var plain = Uri.UnescapeDataString(name);
        return Redaction.IsSecret(plain) || SecretParameters.Contains(plain.Trim().ToLowerInvariant());
    }

    /// <summary>A scheme of Authorization, a JWT, a private key, or one long word of letters and digits mixed that is neither a UUID nor a trace id.</summary>
    internal static bool LooksSecret(string value)
    {
        if (value.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) || value.StartsWith("Basic ", StringComparison.OrdinalIgnoreCase)
            || value.StartsWith("eyJ", StringComparison.Ordinal) || value.Contains("-----BEGIN", StringComparison.Ordinal))
        {
            return true;
        }

        foreach (var word in value.Split(' ', ',', ';', '"'))
        {
            if (word.Length >= 24 && word.All(c => char.IsAsciiLetterOrDigit(c) || c is '+' or '/' or '=' or '_' or '-' or '.') && !IsKnownShape(word)
                && word.Any(char.IsAsciiDigit) && word.Any(char.IsAsciiLetterLower) && word.Any(char.IsAsciiLetterUpper) && !word.Contains('/'))
            {
                return true;
            }
        }

        return false;
    }

    // Ids of requests and traces are hex and hyphens; they are what one looks for.
    private static bool IsKnownShape(string word) => word.All(c => char.IsAsciiHexDigitLower(c) || c == '-') || Guid.TryParse(word, out _);
}
