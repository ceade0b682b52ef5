namespace Pillion.Proxy.Tcp;

/// <summary>How long a relayed connection may rest and last; zero is no limit.</summary>
internal sealed record TcpLimits
{
    public static TcpLimits Default { get; } = new();

    /// <summary>Without a byte in either direction (Envoy: tcp_proxy idle_timeout).</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromHours(1);

    /// <summary>In all (Envoy: max_downstream_connection_duration).</summary>
    public TimeSpan MaxDuration { get; init; }
}
