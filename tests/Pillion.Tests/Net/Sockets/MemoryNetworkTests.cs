using System.Net;
using Pillion.Net.InMemory;
using Pillion.Net.Sockets;

namespace Pillion.Tests.Net.Sockets;

public sealed class MemoryNetworkTests : NetworkContract
{
    private protected override Network CreateNetwork() => new MemoryNetwork();

    private protected override IDisposable? BlackHole(out EndPoint endPoint)
    {
        endPoint = new IPEndPoint(IPAddress.Loopback, 9);
        ((MemoryNetwork)Network).SetFaults(endPoint, new MemoryFaults { NeverAnswer = true });
        return null;
    }
}
