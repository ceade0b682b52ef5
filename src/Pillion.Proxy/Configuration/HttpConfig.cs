using Pillion.Core.Configuration;
using Pillion.Net.Http;
using Pillion.Net.Http.Http2;
using Pillion.Proxy.Filters;

namespace Pillion.Proxy.Configuration;

/// <summary>How HTTP is served on a listener (Envoy: HttpConnectionManager); the defaults are the safe set.</summary>
internal sealed record HttpConfig
{
    /// <summary>The prefix of this listener's metrics (Envoy: stat_prefix).</summary>
    public required string StatPrefix { get; init; }

    public RouteTableConfig Routes { get; init; } = new();

    /// <summary>Envoy: codec_type.</summary>
    public HttpProtocol Codec { get; init; }

    /// <summary>Windows, streams and flood limits of HTTP/2 (Envoy: http2_protocol_options).</summary>
    public Http2Settings Http2 { get; init; } = Http2Settings.Default;

    /// <summary>X-Forwarded-Client-Cert: removed unless the peer's certificate was verified.</summary>
    public ClientCertificateForwarding ClientCertificate { get; init; } = new();

    /// <summary>Between the first GOAWAY and the second, when an HTTP/2 connection is drained (Envoy: drain_timeout, 5 s).</summary>
    public TimeSpan DrainTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>What is rejected, normalised or let pass.</summary>
    public HttpRules Rules { get; init; } = new();

    /// <summary>Accept absolute-form targets and CONNECT as an ordinary HTTP proxy does (<c>curl -x</c>).</summary>
    public bool ForwardProxy { get; init; }

    /// <summary>Route by the service named first in the path, <c>/proxy/{service}/…</c>; null is off. The value is the leading segment, "/proxy/".</summary>
    public string? ServicePathPrefix { get; init; }

    /// <summary>No request on the connection for this long closes it (Envoy: idle_timeout, 1 h).</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromHours(1);

    /// <summary>From the first byte of a head to its last; beyond it the answer is 408 (Envoy: request_headers_timeout, there off).</summary>
    public TimeSpan RequestHeadersTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>No byte in either direction for this long ends the exchange with 408 or 504 (Envoy: stream_idle_timeout, 5 min).</summary>
    public TimeSpan StreamIdleTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>The whole request must have arrived within this time; zero is no limit (Envoy: request_timeout).</summary>
    public TimeSpan RequestTimeout { get; init; }

    /// <summary>After <c>Connection: close</c> was sent, how long to go on reading so that the peer sees the answer and no reset (Envoy: delayed_close_timeout, 1 s).</summary>
    public TimeSpan DelayedCloseTimeout { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The connection is closed after this many requests; 0 is no limit.</summary>
    public int MaxRequestsPerConnection { get; init; }

    /// <summary>The value of <c>Server</c> on answers of our own; an upstream's own value is never replaced.</summary>
    public string ServerName { get; init; } = "pillion";

    /// <summary>Append the peer's address to X-Forwarded-For and treat the peer as the client (Envoy: use_remote_address).</summary>
    public bool UseRemoteAddress { get; init; } = true;

    /// <summary>How many proxies in front of us may be believed in X-Forwarded-For (Envoy: xff_num_trusted_hops).</summary>
    public int TrustedHops { get; init; }

    /// <summary>The name this proxy adds to Via, by which it also sees its own loops; null adds nothing (Envoy: via).</summary>
    public string? Via { get; init; } = "pillion";

    /// <summary>Make an X-Request-Id where there is none (Envoy: generate_request_id, on).</summary>
    public bool GenerateRequestId { get; init; } = true;

    /// <summary>Keep an X-Request-Id that came from outside (Envoy: preserve_external_request_id).</summary>
    public bool PreserveRequestId { get; init; } = true;

    /// <summary>Keep or make a W3C traceparent.</summary>
    public bool TraceContext { get; init; } = true;

    /// <summary>What is recorded of traces; null passes them on only (Envoy: tracing).</summary>
    public TracingConfig? Tracing { get; init; }

    /// <summary>Accept upgrades named here, lower case (Envoy: upgrade_configs); Pillion's own files allow websocket.</summary>
    public ValueList<string> Upgrades { get; init; } = ["websocket"];

    /// <summary>What requests go through that no route matches.</summary>
    public ValueList<FilterConfig> Filters { get; init; } = [];

    public ValueList<AccessLogConfig> AccessLogs { get; init; } = [];
}
