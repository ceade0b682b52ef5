using Pillion.Core.Signals.Otlp;

namespace Pillion.Proxy.Telemetry;

/// <summary>
/// Sends batches over a cluster of the running configuration: the collector has its discovery, its TLS with our identity, its balancer and its metrics like
/// any other upstream (docs/decisions/2026-11-24-telemetry.md). One loop does it, between its requests.
/// </summary>
internal sealed class OtlpOverCluster(ProxyRole role) : IOtlpSender
{
    public async Task<OtlpAnswer> SendAsync(OtlpConfig to, OtlpSignal signal, ReadOnlyMemory<byte> message, CancellationToken stop)
    {
        var loop = role.Loops[0];
        if (!role.Live.Clusters.TryGetValue(to.Cluster, out var cluster))
        {
            return new OtlpAnswer(OtlpOutcome.Unavailable, "the running configuration has no such cluster");
        }

        var call = new OtlpCall(loop, cluster, to, signal, message);
        loop.Events.Post(call.Start);

        // Whoever stops is on another thread, and only the loop may end what is under way on it.
        await using (stop.UnsafeRegister(_ => loop.Events.Post(call.Stop), null).ConfigureAwait(false))
        {
            return await call.Answer.ConfigureAwait(false);
        }
    }
}
