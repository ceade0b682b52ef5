using System.Runtime.CompilerServices;
using Pillion.Core.Resilience;
using Pillion.Core.Signals.Metrics;
using Pillion.Net.Http;
using Pillion.Net.Http.Http1;
using Pillion.Net.Loop;
using Pillion.Net.Sockets;
using Pillion.Proxy.Forwarding;

namespace Pillion.Proxy.Listeners;

/// <summary>A client's connection from its first byte to its last: one request after the other, each with the newest snapshot.</summary>
internal sealed class DownstreamConnection
{
    private readonly ProxyLoop _loop;
    private readonly BoundListener _listener;
    private readonly Http1ServerStream _stream;
    private Exchange? _serving;
    private bool _isIdle = true;

    public DownstreamConnection(ProxyLoop loop, BoundListener listener, Connection connection)
    {
        _loop = loop;
        _listener = listener;
        _stream = new Http1ServerStream(connection, listener.Current.Http.Rules);
    }

    /// <summary>The listener whose connection it is.</summary>
    public BoundListener Listener => _listener;

    /// <summary>Serves until the connection ends. Never throws.</summary>
    [AsyncMethodBuilder(typeof(PooledMethodBuilder))]
    public async ValueTask ServeAsync()
    {
        var metrics = _listener.Current.Metrics(_loop);
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
                var snapshot = _listener.Live;
                var listener = snapshot.Find(_listener) ?? _listener.Current;
                if (head.Outcome != HeadOutcome.Received)
                {
                    await EndWithoutRequestAsync(head, listener, snapshot);
                    break;
                }

                var exchange = _loop.RentExchange();
                exchange.LastOnConnection = IsLast(requests, listener);
                _serving = exchange;
                var keepAlive = await exchange.ServeAsync(_stream, listener, snapshot, _loop.Events.MicrosNow);
                _serving = null;
                _loop.Return(exchange);
                if (!keepAlive)
                {
                    await LingerAsync(listener);
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

    /// <summary>Closes the connection when it waits between requests; one that is being served closes behind its answer.</summary>
    public void CloseIfIdle()
    {
        if (_isIdle && !_stream.HasPipelined)
        {
            _listener.Current.Metrics(_loop).ConnectionsDrainClose++;
            _stream.Abort(reset: false);
        }
        else
        {
            _serving?.KeepAlive = false;
        }
    }

    /// <summary>Closes the connection whatever it does: the grace period is over.</summary>
    public void CloseNow()
    {
        // Whoever serves it may be waiting for an upstream and would not see our own close.
        _stream.ClientWatcher?.ClientLeft(isReset: true);
        _stream.Abort(reset: true);
    }

    // The listener closed while an answer was sent that had not announced it.
    private bool HasNoMore(int number) => _listener.IsClosed && number > 1 && !_stream.HasPipelined;

    private bool IsLast(int number, ListenerSnapshot listener) =>
        _listener.IsClosed || (listener.Http.MaxRequestsPerConnection > 0 && number >= listener.Http.MaxRequestsPerConnection);

    private ValueTask<HeadResult> ReceiveHeadAsync()
    {
        var http = _listener.Current.Http;
        _stream.Rules = http.Rules;
        _isIdle = true;
        return _stream.ReceiveHeadAsync(Deadline.After(_loop.Events, http.IdleTimeout), http.RequestHeadersTimeout);
    }

    [AsyncMethodBuilder(typeof(PooledMethodBuilder))]
    private async ValueTask EndWithoutRequestAsync(HeadResult head, ListenerSnapshot listener, ProxySnapshot snapshot)
    {
        switch (head.Outcome)
        {
            case HeadOutcome.Violated:
                await RefuseAsync(listener, snapshot, new Failure(FailureSide.Downstream, FailureKind.BadRequest, Cause: HttpViolations.Sentence(head.Violation)), head.Violation);
                break;

            case HeadOutcome.Failed when head is { BytesSeen: true, Error: IoError.TimedOut }:
                await RefuseAsync(listener, snapshot, new Failure(FailureSide.Downstream, FailureKind.RequestHeadTimeout), HttpViolation.None);
                break;

            case HeadOutcome.Failed when head is { BytesSeen: false, Error: IoError.TimedOut }:
                listener.Metrics(_loop).ConnectionsIdleTimeout++;
                break;
        }
    }

    [AsyncMethodBuilder(typeof(PooledMethodBuilder))]
    private async ValueTask RefuseAsync(ListenerSnapshot listener, ProxySnapshot snapshot, Failure failure, HttpViolation violation)
    {
        var exchange = _loop.RentExchange();
        await exchange.RefuseAsync(_stream, listener, snapshot, _loop.Events.MicrosNow, failure, violation);
        _loop.Return(exchange);
        await LingerAsync(listener);
    }

    private async ValueTask LingerAsync(ListenerSnapshot listener)
    {
        if (!_stream.IsClosed && (await _stream.ShutdownAsync()).IsOk)
        {
            await _stream.LingerAsync(Deadline.After(_loop.Events, listener.Http.DelayedCloseTimeout));
        }
    }
}
