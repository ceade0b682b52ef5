using System.Net;
using System.Net.NetworkInformation;
using Pillion.Net.Sockets;
using Xunit;

namespace Pillion.Tests.Net.Sockets;

public sealed class MachineAddressesTests
{
    [Fact]
    public void They_are_those_that_the_framework_finds()
    {
        var expected = NetworkInterface.GetAllNetworkInterfaces().SelectMany(network => network.GetIPProperties().UnicastAddresses).Select(unicast => unicast.Address)
            .Concat([IPAddress.Loopback, IPAddress.IPv6Loopback]).Select(address => address.ToString()).Distinct().Order(StringComparer.Ordinal);

        Assert.Equal(expected, MachineAddresses.Read().Select(address => address.ToString()).Distinct().Order(StringComparer.Ordinal));
    }
}
