using Pillion.Core.Resilience;
using Pillion.Net.Http;
using Pillion.Proxy.Clusters;

namespace Pillion.Proxy.Upstreams;

/// <summary>A stream for one request to an endpoint: a whole HTTP/1 connection, or a part of an HTTP/2 connection.</summary>
internal abstract class UpstreamStream
{
    public abstract Endpoint Endpoint { get; }

    public abstract ClientStream Stream { get; }

    /// <summary>No request was sent on the connection before this one: it was made for it.</summary>
    public abstract bool IsFresh { get; }

    /// <summary>The limit that it has a place in; null where it has none.</summary>
    public CircuitLimit? Place { get; set; }

    /// <summary>Gives it back behind its exchange; nothing of it may be used any more.</summary>
    public void Return()
    {
        // The place first: what takes over the connection within the call needs one.
        Place?.End();
        Place = null;
        GiveBack();
    }

    protected abstract void GiveBack();
}

/// <summary>A stream to use, or why there is none.</summary>
/// <param name="Reached">The limit that was reached, where the failure is that.</param>
internal readonly record struct Lease(UpstreamStream? Upstream, Failure Failure, CircuitLimit? Reached = null);
