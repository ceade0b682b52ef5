using Pillion.EndToEnd.Support;

namespace Pillion.EndToEnd.Grpc;

/// <summary>The caller's sidecar and the server's, each knowing who the other is.</summary>
public sealed class TwoProxiesOverMtlsPath : GrpcPath
{
    private protected override async Task<int> BuildAsync()
    {
        using var authority = new CertificateAuthority(Files);
        var (caller, server) = (authority.Issue("caller"), authority.Issue("server", "localhost"));
        var (near, far) = (Ports.Next(), Ports.Next());
        await StartAsync(new EnvoyFile()
            .Http(far, "app", EnvoyFile.Server(server, authority.BundleFile, ["h2"], ids: [authority.Id("caller")]))
            .Cluster("app", Server.App.Http2, http2: true));
        await StartAsync(new EnvoyFile()
            .Http(near, "far")
            .Cluster("far", far, http2: true, EnvoyFile.Client(authority.BundleFile, caller, alpn: ["h2"], ids: [authority.Id("server")])));
        return near;
    }
}
