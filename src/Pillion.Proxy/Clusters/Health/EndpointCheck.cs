using System.Text;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Upstreams;

namespace Pillion.Proxy.Clusters.Health;

/// <summary>One way to ask endpoints whether they serve; used for one question at a time. Loop thread only.</summary>
internal abstract class EndpointCheck(ProxyLoop loop, ClusterLoop upstreams, HealthCheckConfig config, string cluster)
{
    protected static readonly byte[] UserAgent = "pillion-health-check"u8.ToArray();

    protected ProxyLoop Loop => loop;

    protected ClusterLoop Upstreams => upstreams;

    protected HealthCheckConfig Config => config;

    protected byte[] Authority { get; } = Encoding.ASCII.GetBytes(config.Authority ?? cluster);

    public abstract ValueTask<CheckResult> AskAsync(Endpoint endpoint, CancellationToken stop);

    public static EndpointCheck Make(ProxyLoop loop, ClusterLoop upstreams, HealthCheckConfig config, string cluster) => config.Kind switch
    {
        HealthCheckKind.Http => new HttpCheck(loop, upstreams, config, cluster),
        HealthCheckKind.Tcp => new TcpCheck(loop, upstreams, config, cluster),
        _ => new GrpcCheck(loop, upstreams, config, cluster),
    };
}
