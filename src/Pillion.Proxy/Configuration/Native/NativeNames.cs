using Pillion.Core.Configuration;

namespace Pillion.Proxy.Configuration.Native;

/// <summary>The fixed names and value lists of Pillion's own file.</summary>
internal static class NativeNames
{
    /// <summary>The cluster of the application beside us, and its name in <c>to:</c>.</summary>
    public const string App = "app";

    /// <summary>The cluster of hosts that no service covers.</summary>
    public const string UnknownHosts = "unknown_hosts";

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
    };

    public static readonly Registry<AccessLogFormat> AccessLogFormats = new("log format")
    {
        { "json", AccessLogFormat.Json },
        { "text", AccessLogFormat.Text },
    };

    /// <summary>For places that take a map or the word off.</summary>
    public static bool IsOff(Core.Configuration.Reading.ConfigValue value) => value.IsText && value.Text == "off";
}
