using System.Buffers.Text;
using Pillion.Core.Protobuf;
using Pillion.Net.Http;

namespace Pillion.Proxy.Telemetry;

/// <summary>
/// How long a server wants to be left alone: google.rpc.RetryInfo { retry_delay = 1 } among the details (3) of the google.rpc.Status in
/// <c>grpc-status-details-bin</c>, each an Any { type_url = 1, value = 2 }.
/// </summary>
internal static class GrpcRetryInfo
{
    /// <summary>Null where the server does not say.</summary>
    public static TimeSpan? Read(FieldList fields)
    {
        var index = fields.IndexOf("grpc-status-details-bin"u8);
        if (index < 0)
        {
            return null;
        }

        // Padding may be missing (gRPC over HTTP/2, "Custom-Metadata").
        var text = fields.Value(index).TrimEnd((byte)'=');
        Span<byte> padded = stackalloc byte[1024];
        if (text.Length is 0 or > 1000)
        {
            return null;
        }

        text.CopyTo(padded);
        var length = text.Length;
        while (length % 4 != 0)
        {
            padded[length++] = (byte)'=';
        }

        return Base64.DecodeFromUtf8InPlace(padded[..length], out var written) == System.Buffers.OperationStatus.Done ? ReadStatus(padded[..written]) : null;
    }

    private static TimeSpan? ReadStatus(ReadOnlySpan<byte> status)
    {
        var reader = new ProtoReader(status);
        while (reader.Next())
        {
            if (reader is not { Field: 3, WireType: 2 })
            {
                continue;
            }

            var isRetryInfo = false;
            ReadOnlySpan<byte> value = default;
            var any = new ProtoReader(reader.Bytes);
            while (any.Next())
            {
                isRetryInfo |= any is { Field: 1, WireType: 2 } && any.Bytes.EndsWith("/google.rpc.RetryInfo"u8);
                value = any is { Field: 2, WireType: 2 } ? any.Bytes : value;
            }

            if (isRetryInfo)
            {
                return ReadDelay(value);
            }
        }

        return null;
    }

    private static TimeSpan ReadDelay(ReadOnlySpan<byte> retryInfo)
    {
        var reader = new ProtoReader(retryInfo);
        var delay = TimeSpan.Zero;
        while (reader.Next())
        {
            if (reader is { Field: 1, WireType: 2 })
            {
                var duration = new ProtoReader(reader.Bytes);
                while (duration.Next())
                {
                    delay += duration.Field switch
                    {
                        1 => TimeSpan.FromSeconds(Math.Clamp(duration.Int, 0, 3600)),
                        2 => TimeSpan.FromMicroseconds(Math.Clamp(duration.Int, 0, 999_999_999) / 1000),
                        _ => TimeSpan.Zero,
                    };
                }
            }
        }

        return delay;
    }
}
