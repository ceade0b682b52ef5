using Pillion.Core.Configuration.Reading;

namespace Pillion.Proxy.Configuration.Reading;

/// <summary>The SHA-256 of a certificate, as <c>openssl x509 -fingerprint -sha256</c> prints it, with colons or without.</summary>
internal static class FingerprintText
{
    /// <summary>64 lower-case digits, or null after a mistake.</summary>
    public static string? Read(ConfigValue value) =>
        value.AsTextOrNull("SHA-256 fingerprint", text => Digits(text) is { Length: 64 } digits && digits.All(char.IsAsciiHexDigit), "use 64 hex digits, such as 'openssl x509 -fingerprint -sha256' prints") is { } text
            ? Digits(text).ToLowerInvariant()
            : null;

    private static string Digits(string text) => text.Replace(":", "");
}
