using Pillion.Core.Configuration;
using Pillion.Net;

namespace Pillion.Proxy.Configuration;

/// <summary>Which way traffic flows through a listener; on stop, inbound is announced closed first and outbound stays open.</summary>
internal enum TrafficDirection
{
    Unspecified,
    Inbound,
    Outbound,
}

/// <summary>One bound address and what is spoken on it.</summary>
internal sealed record ListenerConfig
{
    public required string Name { get; init; }

    public required Address Address { get; init; }

    public TrafficDirection Direction { get; init; }

    /// <summary>The HTTP connection settings (Envoy: HttpConnectionManager).</summary>
    public required HttpConfig Http { get; init; }

    /// <summary>Open downstream connections above which new ones are refused; 0 is no limit.</summary>
    public int MaxConnections { get; init; }

    public SourceLine Source { get; init; }
}
