using System.Runtime.CompilerServices;
using Pillion.Core.Resilience;
using Pillion.Net.Http.Http1;
using Pillion.Net.Http.Http2;
using Pillion.Net.Loop;
using Pillion.Net.Sockets;
using Pillion.Proxy.Forwarding;

namespace Pillion.Proxy.Listeners;

/// <summary>A client's HTTP/2 connection: many requests at once, each with an exchange of its own and the newest snapshot.</summary>
internal sealed class Http2Connection : IServedConnection, IHttp2Requests
{
    private readonly ProxyLoop _loop;
    private readonly LiveChain _chain;
    private readonly Http2ServerConnection _connection;
    private readonly LoopOperation<bool> _allServed = new();
    private readonly Stack<StreamServing> _free = new();
    private int _serving;
    private int _requests;
    private bool _isDraining;

    public Http2Connection(ProxyLoop loop, LiveChain chain, Connection connection)
    {
        _loop = loop;
        _chain = chain;
        var http = chain.Http.Http;
        _connection = new Http2ServerConnection(connection, http.Rules, http.Http2, this);
    }

    [AsyncMethodBuilder(typeof(PooledMethodBuilder))]
    public async ValueTask ServeAsync()
    {
        var metrics = _chain.Http.Metrics(_loop);
        metrics.ConnectionsTotal++;
        metrics.ConnectionsHttp2++;
        metrics.ConnectionsActive++;
        var end = await _connection.ServeAsync(_chain.Http.Http.IdleTimeout);
        switch (end.Reason)
        {
            case Http2EndReason.IdleTimeout:
                metrics.ConnectionsIdleTimeout++;
                break;
            case Http2EndReason.Violated:
                metrics.ProtocolErrors++;
                break;
        }

        // Streams that were cut off still end their exchanges.
        if (_serving > 0)
        {
            await _allServed.Start();
        }

        metrics.ConnectionsActive--;
        metrics.ConnectionsDestroyed++;
    }

    public void CloseIfIdle()
    {
        if (!_isDraining)
        {
            _isDraining = true;
            _chain.Http.Metrics(_loop).ConnectionsDrainClose++;
            _connection.BeginDrain();
        }
    }

    public void CloseNow() => _connection.Abort();

    void IHttp2Requests.RequestArrived(Http2ServerStream stream) =>
        (_free.TryPop(out var free) ? free : new StreamServing(_free)).Hold(ServeAsync(stream));

    // Awaited by the connection's own end.
    [AsyncMethodBuilder(typeof(PooledMethodBuilder))]
    private async ValueTask ServeAsync(Http2ServerStream stream)
    {
        _serving++;
        _requests++;
        var (http, snapshot) = _chain.Pin();
        _connection.Rules = http.Http.Rules;
        if (_chain.IsClosing || _loop.IsDraining(http) || (http.Http.MaxRequestsPerConnection > 0 && _requests >= http.Http.MaxRequestsPerConnection))
        {
            CloseIfIdle();
        }

        var exchange = _loop.RentExchange();
        exchange.LastOnConnection = false;
        if (stream.Violation == HttpViolation.None)
        {
            await exchange.ServeAsync(stream, http, snapshot, _loop.Events.MicrosNow);
        }
        else
        {
            var failure = new Failure(FailureSide.Downstream, FailureKind.BadRequest, Cause: HttpViolations.Sentence(stream.Violation));
            await exchange.RefuseAsync(stream, http, snapshot, _loop.Events.MicrosNow, failure, stream.Violation);
        }

        _loop.Return(exchange);
        stream.Complete();
        if (--_serving == 0 && _allServed.IsPending)
        {
            _allServed.Complete(true);
        }
    }
}
