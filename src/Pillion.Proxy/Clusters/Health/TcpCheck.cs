using System.Runtime.CompilerServices;
using Pillion.Net.Loop;
using Pillion.Net.Memory;
using Pillion.Net.Sockets;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Upstreams;

namespace Pillion.Proxy.Clusters.Health;

/// <summary>Connects, over TLS where the cluster has it, says something and waits for what must come back; each time on a connection of its own.</summary>
internal sealed class TcpCheck(ProxyLoop loop, ClusterLoop upstreams, HealthCheckConfig config, string cluster) : EndpointCheck(loop, upstreams, config, cluster)
{
    // More than this before what is expected has come is no answer of a server that serves.
    private const int MostReceived = 64 * 1024;

    private readonly byte[] _send = Convert.FromHexString(config.Send);
    private readonly byte[][] _receive = [.. config.Receive.Select(Convert.FromHexString)];

    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    public override async ValueTask<CheckResult> AskAsync(Endpoint endpoint, CancellationToken stop)
    {
        var deadline = Deadline.After(Loop.Events, Config.Timeout);
        var dialed = await Upstreams.Dialer.DialAsync(endpoint, default, speaks: null, deadline, stop);
        if (dialed.Connection is not { } connection)
        {
            return new(CheckOutcome.NoAnswer, dialed.Failure.Cause ?? "it cannot be connected to");
        }

        var slab = Loop.Events.Slabs.Rent();
        var result = await TalkAsync(connection, slab, deadline, stop);
        Loop.Events.Slabs.Return(slab);
        connection.Close();
        Upstreams.Pool.CountClosed(byPeer: false);
        return result;
    }

    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    private async ValueTask<CheckResult> TalkAsync(Connection connection, Slab slab, Deadline deadline, CancellationToken stop)
    {
        for (var at = 0; at < _send.Length;)
        {
            var count = Math.Min(_send.Length - at, slab.Capacity);
            slab.Clear();
            slab.TryAppend(_send.AsSpan(at, count));
            var sent = await connection.SendAsync(slab, count, deadline, stop);
            if (!sent.IsOk)
            {
                return new(CheckOutcome.NoAnswer, $"what the check says could not be sent: {sent.Describe()}");
            }

            at += count;
        }

        slab.Clear();
        var received = 0;
        for (var expected = 0; expected < _receive.Length;)
        {
            var found = slab.Filled.IndexOf(_receive[expected]);
            if (found >= 0)
            {
                slab.Consume(found + _receive[expected].Length);
                expected++;
                continue;
            }

            // What cannot be the beginning of it any more is let go.
            slab.Consume(Math.Max(0, slab.Length - (_receive[expected].Length - 1)));
            slab.Compact();
            var read = await connection.ReceiveAsync(slab, deadline, stop);
            received += read.IsOk ? read.Count : 0;
            if (!read.IsOk || read.Count == 0 || received > MostReceived)
            {
                return new(received == 0 ? CheckOutcome.NoAnswer : CheckOutcome.Failed, $"it did not say what is expected ({expected + 1} of {_receive.Length}): {(read.IsOk ? read.Count == 0 ? "it closed" : "it said too much" : read.Describe())}");
            }
        }

        return default;
    }
}
