using System.Runtime.CompilerServices;
using Pillion.Core.Resilience;
using Pillion.Net.Http;
using Pillion.Net.Http.Http1;
using Pillion.Net.Loop;
using Pillion.Net.Sockets;
using Pillion.Proxy.Forwarding;

namespace Pillion.Proxy.Listeners;

/// <summary>A client's HTTP/1 connection: one request after the other, each with the newest snapshot.</summary>
internal sealed class Http1Connection : IServedConnection
{
    private readonly ProxyLoop _loop;
    private readonly LiveChain _chain;
    private readonly Http1ServerStream _stream;
    private Exchange? _serving;
    private bool _isIdle = true;

    public Http1Connection(ProxyLoop loop, LiveChain chain, Connection connection)
    {
        _loop = loop;
        _chain = chain;
        _stream = new Http1ServerStream(connection, chain.Http.Http.Rules);
    }

    [AsyncMethodBuilder(typeof(PooledMethodBuilder))]
    public async ValueTask ServeAsync()
    {
        var metrics = _chain.Http.Metrics(_loop);
        metrics.ConnectionsTotal++;
        metrics.ConnectionsHttp1++;
        metrics.ConnectionsActive++;
        try
        {
            // Both waits of a kept connection, for a request and for its answer, are in this one method: each further one would be resumed for each.
            for (var requests = 1; !HasNoMore(requests); requests++)
            {
                var head = await ReceiveHeadAsync();
                _isIdle = false;

                // Pinned here, once: the request is served by one snapshot from its route to its log line.
                var (http, snapshot) = _chain.Pin();
                if (head.Outcome != HeadOutcome.Received)
                {
                    await EndWithoutRequestAsync(head, http, snapshot);
                    break;
                }

                var exchange = _loop.RentExchange();
                exchange.LastOnConnection = IsLast(requests, http);
                _serving = exchange;
                var keepAlive = await exchange.ServeAsync(_stream, http, snapshot, _loop.Events.MicrosNow);
                _serving = null;
                _loop.Return(exchange);
                if (!keepAlive)
                {
                    await LingerAsync(http);
                    break;
                }
            }
        }
        catch (Exception exception)
        {
            _loop.Unhandled(exception);
        }

        // The last answer may still wait for the end of this turn.
        await _stream.FlushAsync();
        metrics.ConnectionsActive--;
        metrics.ConnectionsDestroyed++;
        _stream.Dispose();
    }

    public void CloseIfIdle()
    {
        if (_isIdle && !_stream.HasPipelined)
        {
            _chain.Http.Metrics(_loop).ConnectionsDrainClose++;
            _stream.Abort(reset: false);
        }
        else
        {
            _serving?.KeepAlive = false;
        }
    }

    public void CloseNow()
    {
        // Whoever serves it may be waiting for an upstream and would not see our own close.
        _stream.ClientWatcher?.ClientLeft(isReset: true);
        _stream.Abort(reset: true);
    }

    // The listener closed while an answer was sent that had not announced it.
    private bool HasNoMore(int number) => _chain.IsClosing && number > 1 && !_stream.HasPipelined;

    private bool IsLast(int number, HttpSnapshot http) =>
        _chain.IsClosing || (http.Http.MaxRequestsPerConnection > 0 && number >= http.Http.MaxRequestsPerConnection);

    private ValueTask<HeadResult> ReceiveHeadAsync()
    {
        var http = _chain.Http.Http;
        _stream.Rules = http.Rules;
        _isIdle = true;
        return _stream.ReceiveHeadAsync(Deadline.After(_loop.Events, http.IdleTimeout), http.RequestHeadersTimeout);
    }

    [AsyncMethodBuilder(typeof(PooledMethodBuilder))]
    private async ValueTask EndWithoutRequestAsync(HeadResult head, HttpSnapshot http, ProxySnapshot snapshot)
    {
        switch (head.Outcome)
        {
            case HeadOutcome.Violated:
                await RefuseAsync(http, snapshot, new Failure(FailureSide.Downstream, FailureKind.BadRequest, Cause: HttpViolations.Sentence(head.Violation)), head.Violation);
                break;

            case HeadOutcome.Failed when head is { BytesSeen: true, Error: IoError.TimedOut }:
                await RefuseAsync(http, snapshot, new Failure(FailureSide.Downstream, FailureKind.RequestHeadTimeout), HttpViolation.None);
                break;

            case HeadOutcome.Failed when head is { BytesSeen: false, Error: IoError.TimedOut }:
                http.Metrics(_loop).ConnectionsIdleTimeout++;
                break;
        }
    }

    [AsyncMethodBuilder(typeof(PooledMethodBuilder))]
    private async ValueTask RefuseAsync(HttpSnapshot http, ProxySnapshot snapshot, Failure failure, HttpViolation violation)
    {
        var exchange = _loop.RentExchange();
        await exchange.RefuseAsync(_stream, http, snapshot, _loop.Events.MicrosNow, failure, violation);
        _loop.Return(exchange);
        await LingerAsync(http);
    }

    private async ValueTask LingerAsync(HttpSnapshot http)
    {
        if (!_stream.IsClosed && (await _stream.ShutdownAsync()).IsOk)
        {
            await _stream.LingerAsync(Deadline.After(_loop.Events, http.Http.DelayedCloseTimeout));
        }
    }
}
