using Pillion.Core.Protobuf;

namespace Pillion.Proxy.Clusters.Health;

/// <summary>The two messages of <c>grpc.health.v1.Health/Check</c>.</summary>
internal static class GrpcHealth
{
    private const int Serving = 1;

    public static readonly byte[] Path = "/grpc.health.v1.Health/Check"u8.ToArray();

    /// <summary>HealthCheckRequest with the service's name in field 1, left out when empty.</summary>
    public static byte[] WriteRequest(string service)
    {
        var writer = new ProtoWriter(64);
        writer.Text(1, service);
        return writer.Written.ToArray();
    }

    /// <summary>The HealthCheckResponse says SERVING in field 1.</summary>
    public static bool IsServing(ReadOnlySpan<byte> message)
    {
        var status = 0UL;
        var reader = new ProtoReader(message);
        while (reader.Next())
        {
            status = reader.Field == 1 ? reader.Number : status;
        }

        return status == Serving && !reader.IsBroken;
    }
}
