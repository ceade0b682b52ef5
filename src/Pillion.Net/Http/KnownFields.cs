using System.Buffers.Binary;

namespace Pillion.Net.Http;

/// <summary>Names to numbers and back.</summary>
internal static class KnownFields
{
    /// <summary>The number of a field name, case ignored; <see cref="KnownField.Other"/> for any other name.</summary>
    public static KnownField Identify(ReadOnlySpan<byte> name)
    {
        if (name.IsEmpty)
        {
            return KnownField.Other;
        }

        // Length, first and last byte tell the known names apart; one comparison then decides.
        var candidate = (name.Length, (char)(name[0] | 0x20), (char)(name[^1] | 0x20)) switch
        {
            (2, 't', 'e') => KnownField.TE,
            (3, 'v', 'a') => KnownField.Via,
            (4, 'd', 'e') => KnownField.Date,
            (4, 'e', 'g') => KnownField.ETag,
            (4, 'h', 't') => KnownField.Host,
            (4, 'v', 'y') => KnownField.Vary,
            (5, 'r', 'e') => KnownField.Range,
            (6, 'a', 't') => KnownField.Accept,
            (6, 'c', 'e') => KnownField.Cookie,
            (6, 'e', 't') => KnownField.Expect,
            (6, 'o', 'n') => KnownField.Origin,
            (6, 's', 'r') => KnownField.Server,
            (7, 'r', 'r') => KnownField.Referer,
            (7, 't', 'r') => KnownField.Trailer,
            (7, 'u', 'e') => KnownField.Upgrade,
            (8, 'l', 'n') => KnownField.Location,
            (9, 'f', 'd') => KnownField.Forwarded,
            (10, 'c', 'n') => KnownField.Connection,
            (10, 'k', 'e') => KnownField.KeepAlive,
            (10, 's', 'e') => KnownField.SetCookie,
            (10, 't', 'e') => KnownField.TraceState,
            (10, 'u', 't') => KnownField.UserAgent,
            (11, 'g', 's') => KnownField.GrpcStatus,
            (11, 'r', 'r') => KnownField.RetryAfter,
            (11, 't', 't') => KnownField.TraceParent,
            (12, 'c', 'e') => KnownField.ContentType,
            (12, 'g', 'e') => KnownField.GrpcMessage,
            (12, 'g', 't') => KnownField.GrpcTimeout,
            (12, 'p', 's') => KnownField.ProxyStatus,
            (12, 'x', 'd') => KnownField.XRequestId,
            (13, 'a', 'n') => KnownField.Authorization,
            (13, 'c', 'l') => KnownField.CacheControl,
            (14, 'c', 'h') => KnownField.ContentLength,
            (15, 'a', 'g') => KnownField.AcceptEncoding,
            (15, 'x', 'r') => KnownField.XForwardedFor,
            (16, 'c', 'g') => KnownField.ContentEncoding,
            (16, 'p', 'n') => KnownField.ProxyConnection,
            (16, 'x', 'n') => KnownField.XPillionReason,
            (16, 'x', 't') => KnownField.XForwardedHost,
            (17, 't', 'g') => KnownField.TransferEncoding,
            (17, 'x', 'o') => KnownField.XForwardedProto,
            (17, 'x', 's') => KnownField.XPillionRetries,
            (18, 'p', 'e') => KnownField.ProxyAuthenticate,
            (19, 'p', 'n') => KnownField.ProxyAuthorization,
            (21, 'x', 'h') => KnownField.XEnvoyOriginalPath,
            (21, 'x', 't') => KnownField.XEnvoyAttemptCount,
            (23, 'x', 't') => KnownField.XForwardedClientCert,
            (29, 'x', 'e') => KnownField.XEnvoyUpstreamServiceTime,
            (30, 'x', 's') => KnownField.XEnvoyExpectedRequestTimeout,
            _ => KnownField.Other,
        };

        return candidate != KnownField.Other && IsSpelled(name, Name(candidate)) ? candidate : KnownField.Other;
    }

    /// <summary>The name as Pillion writes it, such as <c>X-Request-Id</c>.</summary>
    public static ReadOnlySpan<byte> Name(KnownField known) => known switch
    {
        KnownField.Host => "Host"u8,
        KnownField.Connection => "Connection"u8,
        KnownField.ContentLength => "Content-Length"u8,
        KnownField.TransferEncoding => "Transfer-Encoding"u8,
        KnownField.TE => "TE"u8,
        KnownField.Trailer => "Trailer"u8,
        KnownField.Upgrade => "Upgrade"u8,
        KnownField.KeepAlive => "Keep-Alive"u8,
        KnownField.ProxyConnection => "Proxy-Connection"u8,
        KnownField.ProxyAuthenticate => "Proxy-Authenticate"u8,
        KnownField.ProxyAuthorization => "Proxy-Authorization"u8,
        KnownField.ProxyStatus => "Proxy-Status"u8,
        KnownField.Expect => "Expect"u8,
        KnownField.Date => "Date"u8,
        KnownField.Server => "Server"u8,
        KnownField.Via => "Via"u8,
        KnownField.Location => "Location"u8,
        KnownField.UserAgent => "User-Agent"u8,
        KnownField.Referer => "Referer"u8,
        KnownField.Accept => "Accept"u8,
        KnownField.ContentType => "Content-Type"u8,
        KnownField.ContentEncoding => "Content-Encoding"u8,
        KnownField.AcceptEncoding => "Accept-Encoding"u8,
        KnownField.Cookie => "Cookie"u8,
        KnownField.SetCookie => "Set-Cookie"u8,
        KnownField.Authorization => "Authorization"u8,
        KnownField.RetryAfter => "Retry-After"u8,
        KnownField.Vary => "Vary"u8,
        KnownField.ETag => "ETag"u8,
        KnownField.Range => "Range"u8,
        KnownField.CacheControl => "Cache-Control"u8,
        KnownField.Origin => "Origin"u8,
        KnownField.Forwarded => "Forwarded"u8,
        KnownField.XForwardedFor => "X-Forwarded-For"u8,
        KnownField.XForwardedProto => "X-Forwarded-Proto"u8,
        KnownField.XForwardedHost => "X-Forwarded-Host"u8,
        KnownField.XForwardedClientCert => "X-Forwarded-Client-Cert"u8,
        KnownField.XRequestId => "X-Request-Id"u8,
        KnownField.TraceParent => "traceparent"u8,
        KnownField.TraceState => "tracestate"u8,
        KnownField.GrpcTimeout => "grpc-timeout"u8,
        KnownField.GrpcStatus => "grpc-status"u8,
        KnownField.GrpcMessage => "grpc-message"u8,
        KnownField.XEnvoyUpstreamServiceTime => "X-Envoy-Upstream-Service-Time"u8,
        KnownField.XEnvoyAttemptCount => "X-Envoy-Attempt-Count"u8,
        KnownField.XEnvoyOriginalPath => "X-Envoy-Original-Path"u8,
        KnownField.XEnvoyExpectedRequestTimeout => "X-Envoy-Expected-Rq-Timeout-Ms"u8,
        KnownField.XPillionReason => "X-Pillion-Reason"u8,
        KnownField.XPillionRetries => "X-Pillion-Retries"u8,
        _ => default,
    };

    // Of the same length, eight bytes at a time. A letter of the known name (bit 0x40) may differ in bit 0x20, a hyphen may not.
    private static bool IsSpelled(ReadOnlySpan<byte> name, ReadOnlySpan<byte> known)
    {
        if (known.Length < sizeof(ulong))
        {
            for (var i = 0; i < known.Length; i++)
            {
                if (((name[i] ^ known[i]) & ~((known[i] & 0x40) >> 1)) != 0)
                {
                    return false;
                }
            }

            return true;
        }

        // The last eight may overlap those before.
        var last = known.Length - sizeof(ulong);
        var differ = Differ(name, known, 0) | Differ(name, known, last);
        for (var at = sizeof(ulong); at < last; at += sizeof(ulong))
        {
            differ |= Differ(name, known, at);
        }

        return differ == 0;
    }

    private static ulong Differ(ReadOnlySpan<byte> name, ReadOnlySpan<byte> known, int at)
    {
        var theirs = BinaryPrimitives.ReadUInt64LittleEndian(name[at..]);
        var ours = BinaryPrimitives.ReadUInt64LittleEndian(known[at..]);
        return (theirs ^ ours) & ~((ours & 0x4040_4040_4040_4040) >> 1);
    }
}
