using System.Runtime.CompilerServices;
using Pillion.Net.Loop;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Upstreams;
using Pillion.Proxy.Upstreams.Calls;

namespace Pillion.Proxy.Clusters.Health;

/// <summary>Asks by the gRPC health protocol.</summary>
internal sealed class GrpcCheck(ProxyLoop loop, ClusterLoop upstreams, HealthCheckConfig config, string cluster) : EndpointCheck(loop, upstreams, config, cluster)
{
    private readonly byte[] _request = GrpcHealth.WriteRequest(config.GrpcService);
    private readonly GrpcCall _call = new() { UserAgent = UserAgent };

    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    public override async ValueTask<CheckResult> AskAsync(Endpoint endpoint, CancellationToken stop)
    {
        _call.SetMessage(_request);
        await _call.AskAsync(Loop, Upstreams, endpoint, GrpcHealth.Path, Authority, Config.Timeout, stop);
        return _call.Problem is { } problem ? new(_call.HasAnswer ? CheckOutcome.Failed : CheckOutcome.NoAnswer, problem) :
            GrpcHealth.IsServing(_call.Reply.Span) ? default : new(CheckOutcome.Failed, "it says that it does not serve");
    }
}
