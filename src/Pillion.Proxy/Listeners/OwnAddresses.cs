using System.Collections.Frozen;
using System.Net;
using Pillion.Net;
using Pillion.Net.Sockets;

namespace Pillion.Proxy.Listeners;

/// <summary>Which addresses lead back to this sidecar: what its listeners are bound to, on every address of the machine where they are bound to all. Read at each reload.</summary>
internal sealed class OwnAddresses
{
    public static readonly OwnAddresses None = new([], []);

    private readonly FrozenSet<PeerAddress> _bound;

    private OwnAddresses(IEnumerable<IPEndPoint> bound, IReadOnlyList<IPAddress> local) =>
        _bound = bound.SelectMany(endPoint => On(endPoint, local)).Select(PeerAddress.From).ToFrozenSet();

    public static OwnAddresses Of(IEnumerable<BoundListener> listeners) => new(listeners.Select(listener => listener.EndPoint).OfType<IPEndPoint>(), MachineAddresses.Read());

    public bool Contains(PeerAddress address) => _bound.Contains(address);

    private static IEnumerable<IPEndPoint> On(IPEndPoint bound, IReadOnlyList<IPAddress> local) =>
        bound.Address.Equals(IPAddress.Any) || bound.Address.Equals(IPAddress.IPv6Any) ? local.Select(address => new IPEndPoint(address, bound.Port)) : [bound];
}
