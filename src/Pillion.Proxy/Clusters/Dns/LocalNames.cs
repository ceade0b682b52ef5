using System.Net;
using Pillion.Proxy.Configuration;

namespace Pillion.Proxy.Clusters.Dns;

/// <summary>
/// Names that no server is asked for: addresses, localhost (RFC 6761 §6.3) and the hosts file. Localhost is 127.0.0.1 unless IPv6 is asked for,
/// because what runs beside us often listens on IPv4 only.
/// </summary>
internal sealed class LocalNames(string hostsPath, bool reachesV6)
{
    private readonly HostsFile _hosts = new(hostsPath);

    /// <summary>Null when a server must be asked.</summary>
    public NameAnswer? Find(string name, DnsFamily family)
    {
        var bare = name.TrimEnd('.');
        if (IPAddress.TryParse(bare, out var literal))
        {
            return NameAnswer.Of([literal]);
        }

        if (bare.Equals("localhost", StringComparison.OrdinalIgnoreCase) || bare.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase))
        {
            return NameAnswer.Of(DnsFamilies.Select([IPAddress.Loopback, IPAddress.IPv6Loopback], family, reachesV6: false));
        }

        var listed = DnsFamilies.Select(_hosts.Find(bare), family, reachesV6);
        return listed.Length > 0 ? NameAnswer.Of(listed) : null;
    }
}
