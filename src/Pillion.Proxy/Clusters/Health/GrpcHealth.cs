using System.Text;
using Pillion.Net.Http;
using Pillion.Net.Memory;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Grpc;

namespace Pillion.Proxy.Clusters.Health;

/// <summary>The two messages of <c>grpc.health.v1.Health/Check</c>, so small that they are written and read by hand.</summary>
internal static class GrpcHealth
{
    // HealthCheckResponse.status: field 1, an enum; SERVING is 1.
    private const byte StatusTag = 0x08;
    private const byte Serving = 1;
    private const int Prefix = 5;

    /// <summary>The request's head; its body is <see cref="WriteRequest"/>.</summary>
    public static void WriteHead(RequestHead head, HealthCheckConfig config, string clusterName, int bodyLength)
    {
        head.Clear();
        head.Version = 20;
        head.SetMethod(HttpMethod.Post, "POST"u8);
        head.SetTarget("/grpc.health.v1.Health/Check"u8);
        head.SetAuthority(Encoding.ASCII.GetBytes(config.Authority ?? clusterName));
        head.Body = BodyKind.Length;
        head.ContentLength = bodyLength;
        head.Fields.Add(KnownField.ContentType, GrpcContent.Type);
        head.Fields.Add(KnownField.TE, "trailers"u8);
        head.Fields.Add(KnownField.UserAgent, "pillion-health-check"u8);
        Span<byte> timeout = stackalloc byte[GrpcTimeout.MaxBytes];
        head.Fields.Add(KnownField.GrpcTimeout, timeout[..GrpcTimeout.Write(timeout, config.Timeout)]);
    }

    /// <summary>HealthCheckRequest with the service's name in field 1, left out when empty, behind the five bytes that every message has.</summary>
    public static byte[] WriteRequest(string service)
    {
        var name = Encoding.UTF8.GetBytes(service);
        List<byte> message = [];
        if (name.Length > 0)
        {
            message.Add(0x0A);
            for (var length = name.Length; ; length >>= 7)
            {
                if (length < 0x80)
                {
                    message.Add((byte)length);
                    break;
                }

                message.Add((byte)(length | 0x80));
            }

            message.AddRange(name);
        }

        return [0, (byte)(message.Count >> 24), (byte)(message.Count >> 16), (byte)(message.Count >> 8), (byte)message.Count, .. message];
    }

    /// <summary>The response says SERVING. Fields that are not known are passed over (protobuf's rule).</summary>
    public static bool IsServing(ReadOnlySpan<byte> body)
    {
        if (body.Length < Prefix || body[0] != 0)
        {
            return false;
        }

        var message = body[Prefix..];
        return message.Length >= 2 && message[0] == StatusTag && message[1] == Serving;
    }

    /// <summary>Keeps the first bytes of a body, all that a right answer has.</summary>
    public static int Keep(Slab from, int count, Span<byte> into, int filled)
    {
        var kept = Math.Min(count, into.Length - filled);
        from.Filled[..kept].CopyTo(into[filled..]);
        from.Consume(count);
        return filled + kept;
    }
}
