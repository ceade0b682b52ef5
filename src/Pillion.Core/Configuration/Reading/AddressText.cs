using System.Diagnostics.CodeAnalysis;
using System.Net;
using Pillion.Net;

namespace Pillion.Core.Configuration.Reading;

/// <summary>Addresses in a file: as <see cref="Address"/> reads them, with a host that can be one and a word on what is wrong.</summary>
internal static class AddressText
{
    public static bool TryParse(string text, bool listening, [NotNullWhen(true)] out Address? address, out string problem)
    {
        problem = "is not an address";
        if (Address.TryParse(text, out address) && (address.IsUnix || IsHost(address.Host)))
        {
            if (listening && address.Host == "localhost")
            {
                address = address with { Host = "127.0.0.1" };
            }

            if (listening ? address.ToEndPoint() is not null : address.Port != 0)
            {
                return true;
            }

            problem = listening ? "is a name, not an address to listen on" : "has a port that is not one of 1-65535";
            address = null;
            return false;
        }

        address = null;
        if (!text.StartsWith("unix:", StringComparison.Ordinal) && !text.Contains("://", StringComparison.Ordinal))
        {
            var colon = text.LastIndexOf(':');
            problem = colon < 0 || text.EndsWith(']') ? "has no port" :
                text[(colon + 1)..].All(char.IsAsciiDigit) && text[..colon].All(c => c != ':') && IsHost(text[..colon]) ? "has a port that is not one of 1-65535" :
                problem;
        }

        return false;
    }

    /// <summary>An IP address, or a name of letters, digits, hyphens, underscores and dots.</summary>
    public static bool IsHost(string host) =>
        host.Contains(':')
            ? IPAddress.TryParse(host, out _)
            : host.Length is > 0 and <= 253 && host[0] != '.' && host.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.')
              && !host.Contains("..", StringComparison.Ordinal);
}
