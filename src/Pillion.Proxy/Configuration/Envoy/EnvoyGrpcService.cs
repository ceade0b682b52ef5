using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;

namespace Pillion.Proxy.Configuration.Envoy;

/// <summary>GrpcService: a cluster that a policy asks.</summary>
internal static class EnvoyGrpcService
{
    /// <summary>Of the protocol of such services; there is none but this.</summary>
    public static readonly Registry<string> Versions = new("version that is supported") { { "V3", "" }, { "AUTO", "" } };

    /// <summary>The cluster's name, the authority where one is given, and the time of one question.</summary>
    public static (string Cluster, string? Authority, TimeSpan Timeout) Read(ConfigValue value, TimeSpan timeout, EnvoyScope scope)
    {
        using var map = value.AsMap("GrpcService");
        map.Refuse("google_grpc", "there is one gRPC client here", "use envoy_grpc with the name of a cluster");
        var service = map.Has("google_grpc") ? map.Optional("envoy_grpc") : map.Required("envoy_grpc");
        using var envoy = service.AsMap("EnvoyGrpc");
        var cluster = envoy.Required("cluster_name");
        var name = cluster.AsText();
        if (cluster.IsText)
        {
            scope.ReferToCluster(cluster);
        }

        var authority = envoy.Optional("authority").AsTextOrNull("host", Reading.HttpText.IsHost, "use a host name");
        return (name, authority, map.Optional("timeout").AsDuration(timeout, TimeSpan.FromMilliseconds(1)));
    }
}
