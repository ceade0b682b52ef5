using Pillion.Core.Configuration;

namespace Pillion.Proxy.Configuration.Envoy;

/// <summary>Envoy's enumerations, under their names in its files, as far as we support them.</summary>
internal static class EnvoyNames
{
    public static readonly Registry<TrafficDirection> Directions = new("traffic direction")
    {
        { "UNSPECIFIED", TrafficDirection.Unspecified },
        { "INBOUND", TrafficDirection.Inbound },
        { "OUTBOUND", TrafficDirection.Outbound },
    };

    public static readonly Registry<string> Codecs = new("codec that is supported") { { "AUTO", "" }, { "HTTP1", "" } };

    public static readonly Registry<ClusterDiscovery> Discoveries = new("cluster type that is supported")
    {
        { "STATIC", ClusterDiscovery.Static },
        { "STRICT_DNS", ClusterDiscovery.StrictDns },
        { "LOGICAL_DNS", ClusterDiscovery.LogicalDns },
    };

    public static readonly Registry<string> Balancers = new("balancer that is supported")
    {
        { "ROUND_ROBIN", "round_robin" },
        { "LEAST_REQUEST", "least_request" },
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
    };
}
