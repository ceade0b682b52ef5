using System.Net;
using System.Net.Sockets;
using Pillion.Proxy.Configuration;

namespace Pillion.Proxy.Clusters.Dns;

/// <summary>Which of a name's addresses a cluster wants (Envoy: dns_lookup_family).</summary>
internal static class DnsFamilies
{
    /// <summary>
    /// The wanted addresses. <see cref="DnsFamily.Auto"/> takes IPv6 first only where the machine can reach IPv6 at all; Envoy does not look.
    /// </summary>
    public static IPAddress[] Select(IPAddress[] all, DnsFamily family, bool reachesV6)
    {
        var v4 = Array.FindAll(all, address => address.AddressFamily == AddressFamily.InterNetwork);
        var v6 = Array.FindAll(all, address => address.AddressFamily == AddressFamily.InterNetworkV6);
        return family switch
        {
            DnsFamily.V4Only => v4,
            DnsFamily.V6Only => v6,
            DnsFamily.All => all,
            DnsFamily.Auto when reachesV6 => v6.Length > 0 ? v6 : v4,
            _ => v4.Length > 0 ? v4 : v6,
        };
    }

    /// <summary>Whether the machine has a route to the public IPv6 network; asks the kernel, sends nothing.</summary>
    public static bool ReachesV6()
    {
        try
        {
            using var socket = new Socket(AddressFamily.InterNetworkV6, SocketType.Dgram, ProtocolType.Udp);
            socket.Connect(new IPEndPoint(IPAddress.Parse("2001:db8::1"), 53));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
