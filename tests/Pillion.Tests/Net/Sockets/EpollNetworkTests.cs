using Pillion.Net.Linux;
using Pillion.Net.Sockets;

namespace Pillion.Tests.Net.Sockets;

public sealed class EpollNetworkTests : KernelNetworkContract
{
    private protected override Network CreateNetwork() => new EpollNetwork();
}
