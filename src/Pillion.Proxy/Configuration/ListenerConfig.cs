using Pillion.Core.Configuration;
using Pillion.Net;
using Pillion.Proxy.Configuration.Transport;

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

    /// <summary>What may be spoken here; a connection is served by the one that fits it best (Envoy: filter_chains).</summary>
    public required ValueList<FilterChainConfig> Chains { get; init; }

    /// <summary>Serves what no chain fits; null refuses it (Envoy: default_filter_chain).</summary>
    public FilterChainConfig? DefaultChain { get; init; }

    public DetectionConfig Detection { get; init; } = new();

    /// <summary>Read a PROXY header before anything else; null reads none (Envoy: the proxy_protocol listener filter).</summary>
    public ProxyHeaderConfig? ProxyHeader { get; init; }

    /// <summary>Connections arrive by redirection, and where they wanted to go counts (Envoy: the original_dst listener filter).</summary>
    public bool OriginalDestination { get; init; }

    /// <summary>Open downstream connections above which new ones are refused; 0 is no limit.</summary>
    public int MaxConnections { get; init; }

    public SourceLine Source { get; init; }

    /// <summary>The HTTP settings of the first chain that has them.</summary>
    public HttpConfig? Http => AllChains.Select(chain => chain.Http).FirstOrDefault(http => http is not null);

    public IEnumerable<FilterChainConfig> AllChains => DefaultChain is null ? Chains : Chains.Append(DefaultChain);
}
