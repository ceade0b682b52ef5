using Pillion.Net.Portable;
using Pillion.Net.Sockets;

namespace Pillion.Tests.Net.Sockets;

public sealed class PortableNetworkTests : KernelNetworkContract
{
    private protected override Network CreateNetwork() => new PortableNetwork();
}
