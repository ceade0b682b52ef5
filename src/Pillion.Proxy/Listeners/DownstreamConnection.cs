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
            var requests = 0;
            while (await ServeNextAsync(++requests))
            {
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

    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    private async ValueTask<bool> ServeNextAsync(int number)
    {
        var http = _listener.Current.Http;
        _stream.Rules = http.Rules;
        _isIdle = true;
        var head = await _stream.ReceiveHeadAsync(Deadline.After(_loop.Events, http.IdleTimeout), http.RequestHeadersTimeout);
        _isIdle = false;

        // Pinned here, once: the request is served by one snapshot from its route to its log line.
        var snapshot = _listener.Live;
        var listener = snapshot.Find(_listener) ?? _listener.Current;
        switch (head.Outcome)
        {
            case HeadOutcome.Received:
                return await ServeRequestAsync(listener, snapshot, number);

            case HeadOutcome.Violated:
                await RefuseAsync(listener, snapshot, new Failure(FailureSide.Downstream, FailureKind.BadRequest, Cause: HttpViolations.Sentence(head.Violation)), head.Violation);
                return false;

            case HeadOutcome.Failed when head is { BytesSeen: true, Error: IoError.TimedOut }:
                await RefuseAsync(listener, snapshot, new Failure(FailureSide.Downstream, FailureKind.RequestHeadTimeout), HttpViolation.None);
                return false;

            default:
                if (head is { BytesSeen: false, Error: IoError.TimedOut })
                {
                    listener.Metrics(_loop).ConnectionsIdleTimeout++;
                }

                return false;
        }
    }

    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    private async ValueTask<bool> ServeRequestAsync(ListenerSnapshot listener, ProxySnapshot snapshot, int number)
    {
        var exchange = _loop.RentExchange();
        exchange.LastOnConnection = _listener.IsClosed || (listener.Http.MaxRequestsPerConnection > 0 && number >= listener.Http.MaxRequestsPerConnection);
        _serving = exchange;
        var keepAlive = await exchange.ServeAsync(_stream, listener, snapshot, _loop.Events.MicrosNow);
        _serving = null;
        _loop.Return(exchange);
        if (keepAlive)
        {
            return true;
        }

        await LingerAsync(listener);
        return false;
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
