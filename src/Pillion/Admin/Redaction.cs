using System.Text.Json;
using Pillion.Core.Configuration.Documents;

namespace Pillion.Admin;

/// <summary>
/// Writes a configuration as JSON with its secrets left out: what stands under a key that names a secret, what a header such as Authorization is set to,
/// the password in a URL. A value from the environment is shown as the <c>${NAME}</c> that it came from: secrets arrive that way.
/// </summary>
internal static class Redaction
{
    public const string Hidden = "[redacted]";

    private static readonly string[] SecretWords =
        ["password", "passwd", "passphrase", "secret", "token", "apikey", "privatekey", "credential", "authorization", "cookie", "inlinestring", "inlinebytes"];

    public static void Write(Utf8JsonWriter json, ConfigNode node, bool hide = false)
    {
        switch (node.Kind)
        {
            case ConfigNodeKind.Null:
                json.WriteNullValue();
                break;
            case ConfigNodeKind.Text:
                json.WriteStringValue(hide ? Hidden : WithoutPassword(node.Written ?? node.Text));
                break;
            case ConfigNodeKind.List:
                json.WriteStartArray();
                foreach (var item in node.Items)
                {
                    Write(json, item, hide);
                }

                json.WriteEndArray();
                break;
            default:
                json.WriteStartObject();
                // Envoy's shape of a header: { key: authorization, value: Bearer … }.
                var namesSecret = node.Entries.Any(entry => entry is { Key: "key" or "name" or "header", Value.Kind: ConfigNodeKind.Text } && IsSecret(entry.Value.Text));
                foreach (var entry in node.Entries)
                {
                    json.WritePropertyName(entry.Key);
                    Write(json, entry.Value, hide || (IsSecret(entry.Key) && !IsPolicy(entry)) || (namesSecret && entry.Key is "value" or "raw_value" or "string_match" or "exact"));
                }

                json.WriteEndObject();
                break;
        }
    }

    // Settings of policies, which name files and headers and hold no secret themselves; what in them might is judged by its own key.
    private static bool IsPolicy(ConfigEntry entry) => 
        entry is { Key: "authorization" or "api_keys" or "credential", Value.Kind: ConfigNodeKind.Map } or { Key: "credentials" or "allow_credentials", Value: { Kind: ConfigNodeKind.Text, Text: "true" or "false" } };

    internal static bool IsSecret(string key)
    {
        var plain = string.Concat(key.Where(char.IsAsciiLetterOrDigit)).ToLowerInvariant();
        return SecretWords.Any(word => plain.Contains(word, StringComparison.Ordinal));
    }

    // scheme://user:password@host
    internal static string WithoutPassword(string text)
    {
        var scheme = text.IndexOf("://", StringComparison.Ordinal);
        if (scheme < 0)
        {
            return text;
        }

        var authority = scheme + 3;
        var end = text.AsSpan(authority).IndexOfAny('/', '?', '#') is >= 0 and var length ? authority + length : text.Length;
        var at = text.LastIndexOf('@', end - 1, end - authority);
        var colon = at < 0 ? -1 : text.IndexOf(':', authority, at - authority);
        return colon < 0 ? text : $"{text[..(colon + 1)]}{Hidden}{text[at..]}";
    }
}
