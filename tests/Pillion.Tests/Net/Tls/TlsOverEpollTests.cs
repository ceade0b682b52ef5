using Pillion.Net.Linux;
using Pillion.Net.Sockets;
using Pillion.Tests.Net.Sockets;

namespace Pillion.Tests.Net.Tls;

public sealed class TlsOverEpollTests : KernelNetworkContract
{
    private protected override Network CreateNetwork() => new TlsNetwork(new EpollNetwork());
}
