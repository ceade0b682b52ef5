using System.Net;
using Pillion.Net.InMemory;
using Pillion.Net.Sockets;
using Pillion.Tests.Net.Sockets;

namespace Pillion.Tests.Net.Tls;

public sealed class TlsOverMemoryTests : NetworkContract
{
    private protected override Network CreateNetwork() => new TlsNetwork(new MemoryNetwork());

    private protected override IDisposable? BlackHole(out EndPoint endPoint)
    {
        endPoint = new IPEndPoint(IPAddress.Loopback, 9);
        ((MemoryNetwork)((TlsNetwork)Network).Inner).SetFaults(endPoint, new MemoryFaults { NeverAnswer = true });
        return null;
    }
}
