using System.Net;
using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;
using Pillion.Core.Identity;
using Pillion.Proxy.Configuration.Transport;

namespace Pillion.Proxy.Configuration.Native.Transport;

/// <summary>Whom a certificate must be for: SPIFFE ids, or names of any kind.</summary>
internal static class PeerNames
{
    public static ValueList<string> ReadIdentities(ConfigValue value) => value.AsTexts(item =>
    {
        if (item.AsTextOrNull() is not { } text)
        {
            return null;
        }

        if (SpiffePattern.TryParse(text, out _, out var problem))
        {
            return text;
        }

        item.FailText(problem, SpiffePattern.Remedy);
        return null;
    });

    /// <summary>What kind of name each is, it shows itself.</summary>
    public static ValueList<NameMatchConfig> ReadNames(ConfigValue value) => new([.. value
        .AsTexts(item => item.AsTextOrNull("name", IsName, "use a host name, an IP address or a URI"))
        .Select(text => new NameMatchConfig(KindOf(text), NameComparison.Exact, KindOf(text) == NameType.Dns ? text.ToLowerInvariant() : text))]);

    private static NameType KindOf(string text) =>
        text.Contains("://", StringComparison.Ordinal) ? NameType.Uri : IPAddress.TryParse(text, out _) ? NameType.IpAddress : NameType.Dns;

    private static bool IsName(string text) =>
        text.Contains("://", StringComparison.Ordinal) ? Uri.TryCreate(text, UriKind.Absolute, out _) : AddressText.IsHost(text);
}
