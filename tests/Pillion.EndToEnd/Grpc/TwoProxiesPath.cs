using Pillion.EndToEnd.Support;

namespace Pillion.EndToEnd.Grpc;

/// <summary>The caller's sidecar and the server's, in plain HTTP/2.</summary>
public sealed class TwoProxiesPath : GrpcPath
{
    private protected override async Task<int> BuildAsync()
    {
        var (near, far) = (Ports.Next(), Ports.Next());
        await StartAsync(new EnvoyFile().Http(far, "app").Cluster("app", Server.App.Http2, http2: true));
        await StartAsync(new EnvoyFile().Http(near, "far").Cluster("far", far, http2: true));
        return near;
    }
}
