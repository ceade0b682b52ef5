using Pillion.Net.Http;

namespace Pillion.Proxy.Routing;

/// <summary>Where a name that a user wrote for a request header is found in the head.</summary>
internal enum RequestField : byte
{
    Header,
    Method,
    Path,
    Authority,
    Scheme,
}

/// <summary>The pseudo-fields of HTTP/2, which HTTP/1 requests answer to as well.</summary>
internal static class RequestFields
{
    public static RequestField Identify(string name) => name.ToLowerInvariant() switch
    {
        ":method" => RequestField.Method,
        ":path" => RequestField.Path,
        ":authority" or "host" => RequestField.Authority,
        ":scheme" => RequestField.Scheme,
        _ => RequestField.Header,
    };

    public static ReadOnlySpan<byte> Get(RequestHead head, RequestField field) => field switch
    {
        RequestField.Method => head.MethodName,
        RequestField.Path => head.Target,
        RequestField.Authority => head.Authority,
        RequestField.Scheme => Scheme(head),
        _ => default,
    };

    /// <summary>
    /// http or https: what X-Forwarded-Proto says, which the listener has set or believed by the time a request is routed, else what the target said.
    /// </summary>
    public static ReadOnlySpan<byte> Scheme(RequestHead head)
    {
        var forwarded = head.Fields.Get(KnownField.XForwardedProto);
        if (System.Text.Ascii.EqualsIgnoreCase(forwarded, "https"u8))
        {
            return "https"u8;
        }

        return System.Text.Ascii.EqualsIgnoreCase(forwarded, "http"u8) || !head.IsHttps ? "http"u8 : "https"u8;
    }
}
