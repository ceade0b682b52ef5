using System.Net;

namespace Pillion.Admin;

/// <summary>
/// Refuses names that a stranger's DNS could point at us (DNS rebinding): a browser that visits evil.example may be led to 127.0.0.1, but still says
/// "evil.example" in Host.
/// </summary>
internal static class HostCheck
{
    public static bool IsAllowed(string host, IReadOnlyList<string> names)
    {
        var name = WithoutPort(host);
        return name.Equals("localhost", StringComparison.OrdinalIgnoreCase)
            || IsIpLiteral(name)
            || names.Any(allowed => name.Equals(allowed, StringComparison.OrdinalIgnoreCase));
    }

    private static string WithoutPort(string host)
    {
        if (host.StartsWith('['))
        {
            var end = host.IndexOf(']');
            return end < 0 ? "" : host[..(end + 1)];
        }

        var colon = host.IndexOf(':');
        return colon < 0 ? host : host[..colon];
    }

    private static bool IsIpLiteral(string name) => name is ['[', .. var inner, ']']
        ? IPAddress.TryParse(inner, out var v6) && v6.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6
        // Only the four-part form: .NET reads "1" as an address too.
        : name.Count(c => c == '.') == 3 && name.All(c => char.IsAsciiDigit(c) || c == '.') && IPAddress.TryParse(name, out _);
}
