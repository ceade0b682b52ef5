using Pillion.Net.Portable;
using Pillion.Net.Sockets;
using Pillion.Tests.Net.Sockets;

namespace Pillion.Tests.Net.Tls;

public sealed class TlsOverPortableTests : KernelNetworkContract
{
    // Before it lies close_notify, and .NET's sockets tell of bytes and not of an end.
    private protected override bool SeesAnEndBehindBytes => false;

    private protected override Network CreateNetwork() => new TlsNetwork(new PortableNetwork());
}
