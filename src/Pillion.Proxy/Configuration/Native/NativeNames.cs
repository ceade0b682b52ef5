using Pillion.Core.Configuration;
using Pillion.Net.Tls;
using Pillion.Proxy.Configuration.Transport;

namespace Pillion.Proxy.Configuration.Native;

/// <summary>The fixed names and value lists of Pillion's own file.</summary>
internal static class NativeNames
{
    /// <summary>The cluster of the application beside us, and its name in <c>to:</c>.</summary>
    public const string App = "app";

    /// <summary>The cluster of hosts that no service covers.</summary>
    public const string UnknownHosts = "unknown_hosts";

    /// <summary>The cluster of wherever a redirected connection wanted to go.</summary>
    public const string OriginalDestination = "original_destination";

    public static readonly Registry<MutualTls> MutualTlsModes = new("mode of mutual TLS")
    {
        { "strict", MutualTls.Strict },
        { "permissive", MutualTls.Permissive },
        { "off", MutualTls.Off },
    };

    public static readonly Registry<InboundProtocol> InboundProtocols = new("protocol")
    {
        { "auto", InboundProtocol.Auto },
        { "http", InboundProtocol.Http },
        { "http1", InboundProtocol.Http1 },
        { "http2", InboundProtocol.Http2 },
        { "tcp", InboundProtocol.Tcp },
    };

    /// <summary>Null is bytes.</summary>
    public static readonly Registry<HttpProtocol?> ServiceProtocols = new("protocol")
    {
        { "http1", HttpProtocol.Http1 },
        { "http2", HttpProtocol.Http2 },
        { "auto", HttpProtocol.Auto },
        { "same", HttpProtocol.AsDownstream },
        { "tcp", null },
    };

    public static readonly Registry<ClientCertificates> ClientCertificates = new("choice")
    {
        { "none", Net.Tls.ClientCertificates.None },
        { "optional", Net.Tls.ClientCertificates.Optional },
        { "required", Net.Tls.ClientCertificates.Required },
    };

    public static readonly Registry<int> TlsVersions = new("TLS version that is supported") { { "1.2", 12 }, { "1.3", 13 } };

    public static readonly Registry<ProxyHeaderVersion> ProxyHeaders = new("version of the PROXY header")
    {
        { "off", ProxyHeaderVersion.None },
        { "v1", ProxyHeaderVersion.V1 },
        { "v2", ProxyHeaderVersion.V2 },
    };

    public static readonly Registry<string> ProxyHeaderVersions = new("version of the PROXY header") { { "v1", "" }, { "v2", "" } };

    public static readonly Registry<HealthCheckKind?> HealthChecks = new("way to check health") { { "grpc", HealthCheckKind.Grpc }, { "tcp", HealthCheckKind.Tcp } };

    public static readonly Registry<bool> Switches = new("switch") { { "on", true }, { "off", false } };

    public static readonly Registry<RoutePriority> Priorities = new("priority") { { "default", RoutePriority.Default }, { "high", RoutePriority.High } };

    public static readonly Registry<bool> UnknownHostsChoice = new("choice") { { "allow", true }, { "refuse", false } };

    public static readonly Registry<DnsFamily> DnsFamilies = new("address family")
    {
        { "auto", DnsFamily.Auto },
        { "v4_only", DnsFamily.V4Only },
        { "v6_only", DnsFamily.V6Only },
        { "v4_preferred", DnsFamily.V4Preferred },
        { "all", DnsFamily.All },
    };

    public static readonly Registry<RetryOn> RetryConditions = new("retry condition")
    {
        { "connect-failure", RetryOn.ConnectFailure },
        { "refused", RetryOn.RefusedStream },
        { "reset", RetryOn.Reset },
        { "gateway-error", RetryOn.GatewayError },
        { "5xx", RetryOn.ServerError },
        { "retriable-4xx", RetryOn.Retriable4xx },
        { "cancelled", RetryOn.GrpcCancelled },
        { "deadline-exceeded", RetryOn.GrpcDeadlineExceeded },
        { "internal", RetryOn.GrpcInternal },
        { "resource-exhausted", RetryOn.GrpcResourceExhausted },
        { "unavailable", RetryOn.GrpcUnavailable },
        { "rate-limited", RetryOn.RateLimited },
    };

    public const string UnsafeNever = "false";
    public const string UnsafeAlways = "true";
    public const string UnsafeWithKey = "with_key";

    public static readonly Registry<string> UnsafeMethods = new("choice") { { UnsafeNever, "" }, { UnsafeAlways, "" }, { UnsafeWithKey, "" } };

    public static readonly Registry<AccessLogFormat> AccessLogFormats = new("log format")
    {
        { "json", AccessLogFormat.Json },
        { "text", AccessLogFormat.Text },
    };

    /// <summary>For places that take a map or the word off.</summary>
    public static bool IsOff(Core.Configuration.Reading.ConfigValue value) => value.IsText && value.Text == "off";
}
