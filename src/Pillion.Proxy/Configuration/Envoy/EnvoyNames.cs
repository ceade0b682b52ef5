using Pillion.Core.Identity;
using Pillion.Core.Configuration;
using Pillion.Proxy.Configuration.Transport;

namespace Pillion.Proxy.Configuration.Envoy;

/// <summary>Envoy's enumerations, under their names in its files, as far as we support them.</summary>
internal static class EnvoyNames
{
    /// <summary>For clusters that know the endpoint without a choice.</summary>
    public const string ProvidedBalancer = "CLUSTER_PROVIDED";

    public static readonly Registry<TrafficDirection> Directions = new("traffic direction")
    {
        { "UNSPECIFIED", TrafficDirection.Unspecified },
        { "INBOUND", TrafficDirection.Inbound },
        { "OUTBOUND", TrafficDirection.Outbound },
    };

    public static readonly Registry<HttpProtocol> Codecs = new("codec that is supported")
    {
        { "AUTO", HttpProtocol.Auto },
        { "HTTP1", HttpProtocol.Http1 },
        { "HTTP2", HttpProtocol.Http2 },
    };

    public static readonly Registry<bool> ProtocolSelections = new("protocol selection")
    {
        { "USE_CONFIGURED_PROTOCOL", false },
        { "USE_DOWNSTREAM_PROTOCOL", true },
    };

    public static readonly Registry<ForwardClientCert> ClientCertDetails = new("way to forward client certificates")
    {
        { "SANITIZE", ForwardClientCert.Sanitize },
        { "FORWARD_ONLY", ForwardClientCert.ForwardOnly },
        { "APPEND_FORWARD", ForwardClientCert.AppendForward },
        { "SANITIZE_SET", ForwardClientCert.SanitizeSet },
        { "ALWAYS_FORWARD_ONLY", ForwardClientCert.AlwaysForwardOnly },
    };

    public static readonly Registry<bool> TransportProtocols = new("transport protocol that is supported")
    {
        { "tls", true },
        { "raw_buffer", false },
    };

    /// <summary>0 leaves the choice to us.</summary>
    public static readonly Registry<int> TlsVersions = new("TLS version that is supported")
    {
        { "TLS_AUTO", 0 },
        { "TLSv1_2", 12 },
        { "TLSv1_3", 13 },
    };

    public static readonly Registry<string> ChainVerifications = new("verification that is supported") { { "VERIFY_TRUST_CHAIN", "" } };

    public static readonly Registry<string> StaplePolicies = new("staple policy that is supported") { { "LENIENT_STAPLING", "" } };

    public static readonly Registry<NameType> NameKinds = new("type of name that is supported")
    {
        { "DNS", NameType.Dns },
        { "URI", NameType.Uri },
        { "IP_ADDRESS", NameType.IpAddress },
    };

    public static readonly Registry<ProxyHeaderVersion> ProxyHeaderVersions = new("PROXY protocol version")
    {
        { "V1", ProxyHeaderVersion.V1 },
        { "V2", ProxyHeaderVersion.V2 },
    };

    public static readonly Registry<ClusterDiscovery> Discoveries = new("cluster type that is supported")
    {
        { "STATIC", ClusterDiscovery.Static },
        { "STRICT_DNS", ClusterDiscovery.StrictDns },
        { "LOGICAL_DNS", ClusterDiscovery.LogicalDns },
        { "ORIGINAL_DST", ClusterDiscovery.OriginalDestination },
    };

    public static readonly Registry<string> Balancers = new("balancer that is supported")
    {
        { "ROUND_ROBIN", "round_robin" },
        { "LEAST_REQUEST", "least_request" },
        { "RANDOM", "random" },
        { "RING_HASH", "ring_hash" },
        { "MAGLEV", "maglev" },
        { ProvidedBalancer, "round_robin" },
    };

    public static readonly Registry<DnsFamily> DnsFamilies = new("look-up family")
    {
        { "AUTO", DnsFamily.Auto },
        { "V4_ONLY", DnsFamily.V4Only },
        { "V6_ONLY", DnsFamily.V6Only },
        { "V4_PREFERRED", DnsFamily.V4Preferred },
        { "ALL", DnsFamily.All },
    };

    public static readonly Registry<HeaderAppend> AppendActions = new("append action")
    {
        { "APPEND_IF_EXISTS_OR_ADD", HeaderAppend.Add },
        { "ADD_IF_ABSENT", HeaderAppend.AddIfAbsent },
        { "OVERWRITE_IF_EXISTS_OR_ADD", HeaderAppend.Set },
        { "OVERWRITE_IF_EXISTS", HeaderAppend.SetIfPresent },
    };

    public static readonly Registry<int> RedirectCodes = new("redirect code")
    {
        { "MOVED_PERMANENTLY", 301 },
        { "FOUND", 302 },
        { "SEE_OTHER", 303 },
        { "TEMPORARY_REDIRECT", 307 },
        { "PERMANENT_REDIRECT", 308 },
    };

    public static readonly Registry<HttpProtocol> CheckCodecs = new("codec that is supported") { { "HTTP1", HttpProtocol.Http1 }, { "HTTP2", HttpProtocol.Http2 } };

    /// <summary>All but CONNECT, as in Envoy; those with a body make no sense without one.</summary>
    public static readonly Registry<string> CheckMethods = new("method of a check that is supported")
    {
        { "METHOD_UNSPECIFIED", "GET" },
        { "GET", "GET" },
        { "HEAD", "HEAD" },
        { "OPTIONS", "OPTIONS" },
        { "TRACE", "TRACE" },
        { "DELETE", "DELETE" },
    };

    public static readonly Registry<RoutePriority> Priorities = new("routing priority") { { "DEFAULT", RoutePriority.Default }, { "HIGH", RoutePriority.High } };

    public static readonly Registry<int> ClusterNotFoundCodes = new("response code for a missing cluster")
    {
        { "SERVICE_UNAVAILABLE", 503 },
        { "NOT_FOUND", 404 },
        { "INTERNAL_SERVER_ERROR", 500 },
    };

    public static readonly Registry<bool> UnderscoreActions = new("action that is supported") { { "ALLOW", false } };

    public static readonly Registry<string> EscapedSlashActions = new("action that is supported")
    {
        { "KEEP_UNCHANGED", "" },
        { "IMPLEMENTATION_SPECIFIC_DEFAULT", "" },
    };

    public static readonly Registry<string> ServerHeaders = new("transformation that is supported") { { "PASS_THROUGH", "" } };

    public static readonly Registry<RetryOn> RetryConditions = new("retry condition that is supported")
    {
        { "5xx", RetryOn.ServerError },
        { "gateway-error", RetryOn.GatewayError },
        { "reset", RetryOn.Reset },
        { "connect-failure", RetryOn.ConnectFailure },
        { "retriable-4xx", RetryOn.Retriable4xx },
        { "refused-stream", RetryOn.RefusedStream },
        { "retriable-status-codes", RetryOn.StatusCodes },
        { "cancelled", RetryOn.GrpcCancelled },
        { "deadline-exceeded", RetryOn.GrpcDeadlineExceeded },
        { "internal", RetryOn.GrpcInternal },
        { "resource-exhausted", RetryOn.GrpcResourceExhausted },
        { "unavailable", RetryOn.GrpcUnavailable },
        { "envoy-ratelimited", RetryOn.RateLimited },
        { "retriable-headers", RetryOn.Headers },
    };

    public static readonly Registry<ResetFormat> ResetFormats = new("format of a reset header")
    {
        { "SECONDS", ResetFormat.Seconds },
        { "UNIX_TIMESTAMP", ResetFormat.UnixTime },
    };
}
