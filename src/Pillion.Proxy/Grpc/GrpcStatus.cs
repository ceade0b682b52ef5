using System.Buffers.Text;
using System.Text;
using Pillion.Net.Http;

namespace Pillion.Proxy.Grpc;

/// <summary>The status of a call: where it is read, what it means for a retry, and how an answer of our own tells one.</summary>
internal static class GrpcStatus
{
    public const int Cancelled = 1;
    public const int Unknown = 2;
    public const int DeadlineExceeded = 4;
    public const int PermissionDenied = 7;
    public const int ResourceExhausted = 8;
    public const int Unimplemented = 12;
    public const int Internal = 13;
    public const int Unavailable = 14;
    public const int Unauthenticated = 16;

    /// <summary>Of trailers, or of a head that is nothing but a status; -1 where there is none.</summary>
    public static int Read(FieldList fields)
    {
        var text = fields.Get(KnownField.GrpcStatus);
        return !text.IsEmpty && Utf8Parser.TryParse(text, out int status, out var used) && used == text.Length && status >= 0 ? status : -1;
    }

    /// <summary>What a client makes of an HTTP status where there is no gRPC status (gRPC's http-grpc-status-mapping).</summary>
    public static int OfHttp(int status) => status switch
    {
        400 => Internal,
        401 => Unauthenticated,
        403 => PermissionDenied,
        404 => Unimplemented,
        429 or 502 or 503 or 504 => Unavailable,
        _ => Unknown,
    };

    /// <summary>What a call's status would be as an HTTP status (google.rpc.Code's table); a call that ended without one is a failure of the server's.</summary>
    public static int ToHttp(int status) => status switch
    {
        0 => 200,
        Cancelled => 499,
        3 or 9 or 11 => 400,
        DeadlineExceeded => 504,
        5 => 404,
        6 or 10 => 409,
        PermissionDenied => 403,
        Unauthenticated => 401,
        ResourceExhausted => 429,
        Unimplemented => 501,
        Unavailable => 503,
        _ => 500,
    };

    /// <summary>Makes a head into a gRPC answer that is nothing but a status ("Trailers-Only").</summary>
    public static void Write(ResponseHead head, int status, string message)
    {
        Span<byte> digits = stackalloc byte[12];
        Utf8Formatter.TryFormat(status, digits, out var length);
        head.Status = 200;
        head.SetReason(default);
        head.Fields.Set(KnownField.ContentType, GrpcContent.Type);
        head.Fields.Set(KnownField.GrpcStatus, digits[..length]);
        head.Fields.Set(KnownField.GrpcMessage, Encode(message));
    }

    // Percent-encoded but for the visible bytes of ASCII ("Responses", Status-Message).
    private static byte[] Encode(string message)
    {
        var text = new StringBuilder(message.Length + 16);
        foreach (var value in Encoding.UTF8.GetBytes(message))
        {
            if (value is >= 0x20 and <= 0x7E and not (byte)'%')
            {
                text.Append((char)value);
            }
            else
            {
                text.Append('%').Append(value.ToString("X2", System.Globalization.CultureInfo.InvariantCulture));
            }
        }

        return Encoding.ASCII.GetBytes(text.ToString());
    }
}
