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

    /// <summary>Gives it back behind its exchange; nothing of it may be used any more.</summary>
    public abstract void Return();
}

/// <summary>A stream to use, or why there is none.</summary>
internal readonly record struct Lease(UpstreamStream? Upstream, Failure Failure);
