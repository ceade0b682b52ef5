using Pillion.EndToEnd.Support;

namespace Pillion.EndToEnd.Grpc;

/// <summary>One sidecar before the server.</summary>
public sealed class OneProxyPath : GrpcPath
{
    private protected override async Task<int> BuildAsync()
    {
        var port = Ports.Next();
        await StartAsync(new EnvoyFile().Http(port, "app").Cluster("app", Server.App.Http2, http2: true));
        return port;
    }
}
