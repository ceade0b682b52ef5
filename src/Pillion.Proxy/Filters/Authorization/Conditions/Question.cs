using Pillion.Net;
using Pillion.Net.Http;
using Pillion.Proxy.Filters.Callers;
using Pillion.Proxy.Forwarding;
using Pillion.Proxy.Routing;

namespace Pillion.Proxy.Filters.Authorization.Conditions;

/// <summary>One request as conditions ask about it; what must be worked out for them is worked out once.</summary>
internal ref struct Question(Exchange exchange)
{
    private ReadOnlySpan<byte> _path;
    private PeerAddress _client;
    private bool _hasPath;
    private bool _hasClient;

    public readonly Exchange Exchange => exchange;

    public readonly RequestHead Request => exchange.Request;

    public readonly Caller Caller => exchange.Caller;

    public readonly Scratch Scratch => Scratch.OfThread;

    /// <summary>In the form that routes are matched by, so that what a policy sees is what was routed.</summary>
    public ReadOnlySpan<byte> Path
    {
        get
        {
            if (!_hasPath)
            {
                _hasPath = true;
                _path = Scratch.OfThread.ForMatching(exchange.Request.Path, exchange.Listener.Http.Rules);
            }

            return _path;
        }
    }

    /// <summary>Where the request came from before the proxies that are believed.</summary>
    public PeerAddress Client
    {
        get
        {
            if (!_hasClient)
            {
                _hasClient = true;
                _client = ClientAddress.Of(exchange);
            }

            return _client;
        }
    }
}
