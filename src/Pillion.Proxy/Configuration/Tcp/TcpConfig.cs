using Pillion.Core.Configuration;
using Pillion.Proxy.Filters.Egress;

namespace Pillion.Proxy.Configuration.Tcp;

/// <summary>One of several clusters, chosen by its share of the sum of weights.</summary>
internal sealed record WeightedClusterConfig(string Cluster, int Weight);

/// <summary>Bytes passed on as they are (Envoy: TcpProxy).</summary>
internal sealed record TcpConfig
{
    /// <summary>Envoy: stat_prefix.</summary>
    public required string StatPrefix { get; init; }

    /// <summary>One, or several by weight.</summary>
    public required ValueList<WeightedClusterConfig> Clusters { get; init; }

    /// <summary>No byte either way for this long ends the connection; zero is never (Envoy: idle_timeout, 1 h).</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Zero is no limit (Envoy: max_downstream_connection_duration).</summary>
    public TimeSpan MaxDuration { get; init; }

    /// <summary>Tries to connect, each with another endpoint where there is one (Envoy: max_connect_attempts, 1).</summary>
    public int MaxConnectAttempts { get; init; } = 1;

    /// <summary>Only TLS whose hello names one of these hosts, and to that host; null passes everything on.</summary>
    public AllowedHostsConfig? AllowedHosts { get; init; }

    public ValueList<AccessLogConfig> AccessLogs { get; init; } = [];

    public SourceLine Source { get; init; }
}
