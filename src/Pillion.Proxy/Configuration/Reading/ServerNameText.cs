using Pillion.Core.Configuration.Reading;

namespace Pillion.Proxy.Configuration.Reading;

/// <summary>Names of TLS client hellos to match: <c>a.example</c>, or <c>*.example</c> for all below it.</summary>
internal static class ServerNameText
{
    /// <summary>In lower case, or null after a mistake.</summary>
    public static string? Read(ConfigValue value) =>
        value.AsTextOrNull("server name", IsPattern, "use a host name such as a.example, or *.example for all below it")?.ToLowerInvariant();

    private static bool IsPattern(string text)
    {
        var name = text.StartsWith("*.", StringComparison.Ordinal) ? text[2..] : text;
        return name.Length <= 253 && !name.Contains(':') && AddressText.IsHost(name);
    }
}
