using System.Runtime.CompilerServices;
using Pillion.Core.Resilience;
using Pillion.Net.Http;
using Pillion.Net.Loop;

namespace Pillion.Proxy.Forwarding;

/// <summary>What a connection becomes after 101, or after CONNECT was granted: two streams of bytes, each ended by its own sender.</summary>
internal static class Tunnel
{
    // Envoy's tcp_proxy idle_timeout.
    private static readonly TimeSpan IdleTimeout = TimeSpan.FromHours(1);

    [AsyncMethodBuilder(typeof(PooledMethodBuilder))]
    public static async ValueTask RunAsync(Exchange exchange, ClientStream upstream)
    {
        var downstream = exchange.Stream;
        var isWritten = exchange.WriteHead();
        exchange.KeepAlive = false;
        exchange.IsTunnel = true;
        if (!isWritten)
        {
            exchange.Fail(new Failure(FailureSide.Upstream, FailureKind.ProtocolError, Cause: "the answer's head is too large to send"));
            downstream.Abort(reset: true);
            return;
        }

        if (!(await downstream.FlushAsync()).IsOk)
        {
            exchange.Fail(new Failure(FailureSide.Downstream, FailureKind.ClientGone));
            return;
        }

        exchange.Limits.Clear();
        exchange.Limits.StartIdle(exchange.TunnelIdleTimeout ?? IdleTimeout);
        downstream.BeginTunnel();
        upstream.BeginTunnel();
        exchange.Metrics.UpgradesTotal++;
        exchange.Metrics.UpgradesActive++;
        var request = CopyAsync(exchange, downstream, upstream, isRequest: true);
        await CopyAsync(exchange, upstream, downstream, isRequest: false);
        await request;
        exchange.Metrics.UpgradesActive--;
    }

    [AsyncMethodBuilder(typeof(PooledMethodBuilder))]
    private static async ValueTask CopyAsync(Exchange exchange, HttpStream from, HttpStream to, bool isRequest)
    {
        while (true)
        {
            var part = await from.ReceiveBodyAsync();
            switch (part.Event)
            {
                case BodyEvent.Data:
                    exchange.CountTunnel(part.Count, isRequest);
                    exchange.Limits.Touch();
                    if (!(await to.SendBodyAsync(part.Slab!, part.Count)).IsOk)
                    {
                        from.Abort(reset: true);
                        return;
                    }

                    break;

                case BodyEvent.End:
                    await to.FinishAsync(null);
                    return;

                default:
                    to.Abort(reset: true);
                    return;
            }
        }
    }
}
