using System.Runtime.CompilerServices;
using Pillion.Proxy.Clusters;

namespace Pillion.Proxy.Forwarding;

/// <summary>The endpoints that a request has tried, so that a retry goes elsewhere where it can.</summary>
internal sealed class TriedEndpoints
{
    /// <summary>Of a request that is not tried again.</summary>
    public static readonly TriedEndpoints None = new();

    private const int Room = 6;

    private Endpoints _endpoints;
    private int _count;

    public ReadOnlySpan<Endpoint> Span => ((ReadOnlySpan<Endpoint>)_endpoints)[..Math.Min(_count, Room)];

    public void Add(Endpoint endpoint) => _endpoints[_count++ % Room] = endpoint;

    public void Clear()
    {
        _endpoints = default;
        _count = 0;
    }

    [InlineArray(Room)]
    private struct Endpoints
    {
        private Endpoint _first;
    }
}
