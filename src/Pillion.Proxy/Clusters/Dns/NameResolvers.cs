namespace Pillion.Proxy.Clusters.Dns;

/// <summary>Which resolver suits the machine.</summary>
internal static class NameResolvers
{
    /// <summary>Our own queries where there is a resolv.conf to take the servers from, else the system's resolver (Windows).</summary>
    public static INameResolver ForThisMachine() =>
        File.Exists("/etc/resolv.conf") ? new DnsClientResolver() : new SystemResolver(DnsFamilies.ReachesV6());
}
