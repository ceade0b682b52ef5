using Pillion.Core.Identity.Secrets;
using System.Text;
using Pillion.Core.Configuration.Reading;
using Pillion.Proxy.Configuration.Reading;
using Pillion.Proxy.Configuration.Transport;

namespace Pillion.Proxy.Configuration.Envoy.Transport;

/// <summary>DataSource of certificates and keys. Its content is never part of a message.</summary>
internal static class EnvoyDataSource
{
    /// <summary>PEM text from a file, the configuration or the environment.</summary>
    public static SecretPart? Read(ConfigValue value)
    {
        using var map = value.AsMap("DataSource");
        var (file, text, bytes, variable) = Sources(value, map);
        var path = file.AsFileOrNull();
        var pem = Pem(text, text.AsTextOrNull()) ?? Pem(bytes, Decode(bytes) is { } decoded ? Encoding.UTF8.GetString(decoded) : null) ?? Pem(variable, variable.AsVariableOrNull());
        return path is not null ? path : pem is not null ? SecretPart.Inline(pem) : null;
    }

    /// <summary>Text that is a secret: a file, which is watched, the configuration or the environment.</summary>
    public static SecretPart? ReadText(ConfigValue value)
    {
        using var map = value.AsMap("DataSource of text");
        var (file, text, bytes, variable) = Sources(value, map);
        var path = file.AsFileOrNull();
        var inline = text.AsTextOrNull() ?? variable.AsVariableOrNull();
        return path is not null ? path : inline is not null ? SecretPart.Inline(inline) : Decode(bytes) is not null ? SecretPart.InlineBase64(bytes.Text) : null;
    }

    /// <summary>DER bytes, which text cannot hold: from a file, or in base64.</summary>
    public static SecretPart? ReadBinary(ConfigValue value)
    {
        using var map = value.AsMap("DataSource of bytes");
        var file = map.Optional("filename");
        var bytes = map.Optional("inline_bytes");
        if (value.IsMap && file.Exists == bytes.Exists)
        {
            map.Fail("does not say one source", "give one of filename or inline_bytes");
        }

        var path = file.AsFileOrNull();
        return path is not null ? path : Decode(bytes) is not null ? SecretPart.InlineBase64(bytes.Text) : null;
    }

    // The four places that text can come from, of which one must be given.
    private static (ConfigValue File, ConfigValue Text, ConfigValue Bytes, ConfigValue Variable) Sources(ConfigValue value, ConfigMap map)
    {
        var file = map.Optional("filename");
        var text = map.Optional("inline_string");
        var bytes = map.Optional("inline_bytes");
        var variable = map.Optional("environment_variable");
        if (value.IsMap && new[] { file, text, bytes, variable }.Count(given => given.Exists) != 1)
        {
            map.Fail("does not say one source", "give one of filename, inline_string, inline_bytes or environment_variable");
        }

        return (file, text, bytes, variable);
    }

    private static byte[]? Decode(ConfigValue value)
    {
        if (value.AsTextOrNull() is not { } text)
        {
            return null;
        }

        var bytes = new byte[text.Length];
        if (Convert.TryFromBase64String(text, bytes, out var length) && length > 0)
        {
            return bytes[..length];
        }

        value.Fail("is not base64", "encode it with 'base64 -w0'");
        return null;
    }

    private static string? Pem(ConfigValue value, string? text)
    {
        if (text is null || text.Contains("-----BEGIN ", StringComparison.Ordinal))
        {
            return text;
        }

        value.Fail("is not PEM text", "use text that begins with -----BEGIN");
        return null;
    }
}
