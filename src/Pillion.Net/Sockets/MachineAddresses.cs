using System.Net;
using System.Net.NetworkInformation;
using Pillion.Net.Linux;

namespace Pillion.Net.Sockets;

/// <summary>The addresses that this machine, or its network namespace, has now; only the loopback's where the system does not tell.</summary>
internal static unsafe class MachineAddresses
{
    public static IReadOnlyList<IPAddress> Read() => [IPAddress.Loopback, IPAddress.IPv6Loopback, .. OperatingSystem.IsLinux() ? OfLinux() : OfSystem()];

    // .NET's own way reads /etc/resolv.conf besides, which an empty root file system does not have.
    private static List<IPAddress> OfLinux()
    {
        var addresses = new List<IPAddress>();
        nint* first;
        if (Libc.GetInterfaceAddresses(&first) != 0)
        {
            return addresses;
        }

        // struct ifaddrs: the next one, a name, flags (and padding), the address.
        for (var at = first; at is not null; at = (nint*)at[0])
        {
            var address = (byte*)at[3];
            if (address is null)
            {
                continue;
            }

            switch (*(ushort*)address)
            {
                case Libc.AF_INET:
                    addresses.Add(new IPAddress(new ReadOnlySpan<byte>(address + 4, 4)));
                    break;
                case Libc.AF_INET6:
                    addresses.Add(new IPAddress(new ReadOnlySpan<byte>(address + 8, 16), *(uint*)(address + 24)));
                    break;
            }
        }

        Libc.FreeInterfaceAddresses(first);
        return addresses;
    }

    private static IEnumerable<IPAddress> OfSystem()
    {
        try
        {
            return [.. NetworkInterface.GetAllNetworkInterfaces().SelectMany(network => network.GetIPProperties().UnicastAddresses).Select(unicast => unicast.Address)];
        }
        catch (NetworkInformationException)
        {
            // Some sandboxes do not let a program ask.
            return [];
        }
    }
}
