using Pillion.Net.Http;
using Pillion.Net.Http.Http2;
using Pillion.Proxy.Clusters;

namespace Pillion.Proxy.Upstreams;

/// <summary>One stream of an HTTP/2 connection, for one request; used again for the next.</summary>
internal sealed class Http2Lease(Http2Upstream owner) : UpstreamStream
{
    private Http2ClientStream? _stream;
    private bool _isFresh;

    public override Endpoint Endpoint => owner.Pool.Endpoint;

    public override ClientStream Stream => _stream!;

    public override bool IsFresh => _isFresh;

    public void Begin(Http2ClientStream stream, bool isFresh)
    {
        _stream = stream;
        _isFresh = isFresh;
    }

    protected override void GiveBack()
    {
        var stream = _stream!;
        _stream = null;
        owner.Returned(this);
        stream.Release();
    }
}
