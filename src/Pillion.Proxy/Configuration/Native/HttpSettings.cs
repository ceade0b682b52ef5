using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;
using Pillion.Net.Http;
using Pillion.Proxy.Configuration.Reading;

namespace Pillion.Proxy.Configuration.Native;

/// <summary><c>http:</c> of a listener: limits, time-outs, what is added to requests, and every strictness switch.</summary>
internal static class HttpSettings
{
    public static HttpConfig Read(ConfigValue value, HttpConfig defaults)
    {
        using var map = value.AsMap("http");
        return defaults with
        {
            IdleTimeout = map.Optional("idle_timeout", "No request on a connection for this long closes it; 0s is never.").AsDuration(defaults.IdleTimeout),
            RequestHeadersTimeout = map.Optional("request_headers_timeout", "From the first byte of a head to its last; beyond it the answer is 408. 0s is no limit.").AsDuration(defaults.RequestHeadersTimeout),
            StreamIdleTimeout = map.Optional("stream_idle_timeout", "No byte either way for this long ends the exchange with 408 or 504; 0s is never.").AsDuration(defaults.StreamIdleTimeout),
            RequestTimeout = map.Optional("request_timeout", "The whole request must have arrived within this time; 0s is no limit.").AsDuration(defaults.RequestTimeout),
            DelayedCloseTimeout = map.Optional("delayed_close_timeout", "How long to go on reading after an answer that closes the connection.").AsDuration(defaults.DelayedCloseTimeout),
            MaxRequestsPerConnection = map.Optional("max_requests_per_connection", "A connection is closed after this many requests; 0 is no limit.").AsInt(defaults.MaxRequestsPerConnection),
            DrainTimeout = map.Optional("drain_timeout", "Between the two announcements by which an HTTP/2 connection is ended, so that no request is lost.").AsDuration(defaults.DrainTimeout),
            Http2 = Http2Limits.Read(map.Optional("http2", "How HTTP/2 is spoken.")),
            ServerName = map.Optional("server_name", "`Server` of answers that Pillion itself makes.").AsText("field value", HttpText.IsFieldValue, "use visible characters", defaults.ServerName),
            UseRemoteAddress = map.Optional("use_remote_address", "The peer is the client: it is appended to X-Forwarded-For. Default: true inbound, false outbound.").AsBool(defaults.UseRemoteAddress),
            TrustedHops = map.Optional("trusted_hops", "How many proxies before us are believed in X-Forwarded-For.").AsInt(defaults.TrustedHops, 0, 100),
            Via = ReadVia(map.Optional("via", "The name added to `Via`, by which loops are found; `off` adds nothing."), defaults.Via),
            GenerateRequestId = map.Optional("generate_request_id", "Make an X-Request-Id where there is none.").AsBool(defaults.GenerateRequestId),
            PreserveRequestId = map.Optional("preserve_request_id", "Keep an X-Request-Id that came with the request.").AsBool(defaults.PreserveRequestId),
            TraceContext = map.Optional("trace_context", "Keep a W3C traceparent, or make one.").AsBool(defaults.TraceContext),
            Upgrades = ReadUpgrades(map.Optional("upgrades", "Upgrades that are passed on; `[]` is none."), defaults.Upgrades) ?? [],
            Rules = ReadRules(map, defaults.Rules),
        };
    }

    /// <summary><c>tracing:</c> of a listener, beside its <c>http:</c>.</summary>
    public static TracingConfig? ReadTracing(ConfigMap listener, HttpConfig http, NativeScope scope)
    {
        var value = listener.Optional("tracing", "As the `tracing` of the file, for this listener.");
        var tracing = Tracing.Read(value, scope.Tracing, scope.Otlp);
        if (value.Exists && tracing?.Export is not null && !http.TraceContext)
        {
            value.Fail("records traces that http.trace_context: false neither reads nor passes on", "remove one of the two");
        }

        return tracing;
    }

    /// <summary>Lower-case upgrade tokens; null when absent and there is no fallback.</summary>
    public static ValueList<string>? ReadUpgrades(ConfigValue value, ValueList<string>? fallback)
    {
        var names = value.AsTexts(
            item => item.AsTextOrNull("upgrade", HttpText.IsToken, "use a token such as websocket")?.ToLowerInvariant(), fallback);
        return value.Exists ? names : fallback;
    }

    private static HttpRules ReadRules(ConfigMap map, HttpRules defaults) => defaults with
    {
        MaxHeadBytes = map.Optional("max_head_size", "Size of a request's head; above it the answer is 431.").AsSize(defaults.MaxHeadBytes, 1024, 8 * 1024 * 1024),
        MaxFields = map.Optional("max_headers", "Header fields in a head; above it the answer is 431.").AsInt(defaults.MaxFields, 1, 10_000),
        MaxTargetBytes = map.Optional("max_target_size", "Size of a request target; above it the answer is 414.").AsSize(defaults.MaxTargetBytes, 64, 1024 * 1024),
        RejectLengthAndChunked = map.Optional("reject_length_and_chunked", "Reject a message with both Content-Length and Transfer-Encoding.").AsBool(defaults.RejectLengthAndChunked),
        RejectRepeatedLength = map.Optional("reject_repeated_length", "Reject a repeated Content-Length even when the values are equal.").AsBool(defaults.RejectRepeatedLength),
        RejectChunkedHttp10 = map.Optional("reject_chunked_http10", "Reject HTTP/1.0 with Transfer-Encoding.").AsBool(defaults.RejectChunkedHttp10),
        RejectBareLineFeed = map.Optional("reject_bare_line_feed", "Reject a line that ends without CR.").AsBool(defaults.RejectBareLineFeed),
        RejectFolding = map.Optional("reject_folding", "Reject a header value folded over lines.").AsBool(defaults.RejectFolding),
        RejectSpaceBeforeColon = map.Optional("reject_space_before_colon", "Reject white space between a header's name and its colon.").AsBool(defaults.RejectSpaceBeforeColon),
        RejectControlBytes = map.Optional("reject_control_bytes", "Reject control bytes in header values; NUL, CR and LF always are.").AsBool(defaults.RejectControlBytes),
        RequireOneHost = map.Optional("require_one_host", "Reject a missing or repeated Host.").AsBool(defaults.RequireOneHost),
        RejectEncodedNul = map.Optional("reject_encoded_nul", "Reject `%00` in a path.").AsBool(defaults.RejectEncodedNul),
        NormalizeDotSegments = map.Optional("normalize_dot_segments", "Resolve `.` and `..`, also written `%2e`, before matching and in what is sent on.").AsBool(defaults.NormalizeDotSegments),
        MergeSlashesInMatching = map.Optional("merge_slashes_in_matching", "Repeated slashes count as one in matching; they are sent on as they came.").AsBool(defaults.MergeSlashesInMatching),
        DecodeUnreservedInMatching = map.Optional("decode_unreserved_in_matching", "In matching, `%61` is the letter it stands for, so that `/%61dmin` does not pass by a route for `/admin`; it is sent on as it came.").AsBool(defaults.DecodeUnreservedInMatching),
        RejectAliasedUnderscores = map.Optional("reject_aliased_underscores", "Reject a header such as X_Forwarded_For that could pass for one Pillion sets or a route reads.").AsBool(defaults.RejectAliasedUnderscores),
        AcceptHttp10 = map.Optional("accept_http10", "Accept HTTP/1.0.").AsBool(defaults.AcceptHttp10),
    };

    private static string? ReadVia(ConfigValue value, string? fallback)
    {
        var name = value.AsText("name", HttpText.IsToken, "use a token such as pillion, or off", fallback ?? "off");
        return name == "off" ? null : name;
    }
}
