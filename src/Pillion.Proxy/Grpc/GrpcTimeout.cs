using System.Buffers.Text;
using Pillion.Net.Http;

namespace Pillion.Proxy.Grpc;

/// <summary>The grpc-timeout field: at most eight digits and a unit of H, M, S, m, u or n (gRPC over HTTP/2, "Requests").</summary>
internal static class GrpcTimeout
{
    public const int MaxBytes = 9;

    // What is longer is no limit that anybody waits for; it keeps the ticks within their range.
    private static readonly TimeSpan Longest = TimeSpan.FromDays(365);

    /// <summary>Null where there is none, or it is not one.</summary>
    public static TimeSpan? Read(FieldList fields)
    {
        var text = fields.Get(KnownField.GrpcTimeout);
        if (text.Length is < 2 or > MaxBytes || text[..^1].ContainsAnyExceptInRange((byte)'0', (byte)'9') || !Utf8Parser.TryParse(text[..^1], out long value, out _))
        {
            return null;
        }

        double seconds = text[^1] switch
        {
            (byte)'H' => value * 3600.0,
            (byte)'M' => value * 60.0,
            (byte)'S' => value,
            (byte)'m' => value / 1e3,
            (byte)'u' => value / 1e6,
            (byte)'n' => value / 1e9,
            _ => -1,
        };
        return seconds < 0 ? null : seconds >= Longest.TotalSeconds ? Longest : TimeSpan.FromSeconds(seconds);
    }

    /// <summary>Writes a time in the finest unit that eight digits hold, milliseconds at finest, and returns the length.</summary>
    public static int Write(Span<byte> destination, TimeSpan time)
    {
        var millis = Math.Max(1, (long)time.TotalMilliseconds);
        var (value, unit) = millis < 100_000_000 ? (millis, (byte)'m') : (Math.Min(millis / 1000, 99_999_999), (byte)'S');
        Utf8Formatter.TryFormat(value, destination, out var length);
        destination[length] = unit;
        return length + 1;
    }
}
