using System.Net;
using Pillion.Core.Configuration;
using Pillion.Proxy.Configuration.Tcp;
using Pillion.Proxy.Configuration.Transport;

namespace Pillion.Proxy.Configuration;

/// <summary>What is spoken on a connection that fits <see cref="Match"/> (Envoy: FilterChain).</summary>
internal sealed record FilterChainConfig
{
    /// <summary>Distinct within its listener.</summary>
    public required string Name { get; init; }

    public FilterChainMatchConfig Match { get; init; } = new();

    /// <summary>TLS is terminated; null serves the bytes as they come (Envoy: transport_socket with DownstreamTlsContext).</summary>
    public DownstreamTlsConfig? Tls { get; init; }

    /// <summary>HTTP is served (Envoy: HttpConnectionManager).</summary>
    public HttpConfig? Http { get; init; }

    /// <summary>Bytes are passed on. With <see cref="Http"/> beside it, what turns out not to be HTTP (Envoy: TcpProxy).</summary>
    public TcpConfig? Tcp { get; init; }

    /// <summary>Connections in the clear are counted by peer, as what strict mutual TLS would refuse.</summary>
    public bool CountsPlaintext { get; init; }

    public SourceLine Source { get; init; }
}

/// <summary>
/// Which connections a chain takes (Envoy: FilterChainMatch). The criteria are looked at in this order, the most specific value of each wins, and
/// an empty one takes everything.
/// </summary>
internal sealed record FilterChainMatchConfig
{
    /// <summary>The port the client connected to, before redirection where there was one; null is any.</summary>
    public int? DestinationPort { get; init; }

    public ValueList<IPNetwork> DestinationRanges { get; init; } = [];

    /// <summary>Names of the TLS client hello, lower case: exact, or <c>*.suffix</c>.</summary>
    public ValueList<string> ServerNames { get; init; } = [];

    /// <summary>True only TLS, false only what is not, null either (Envoy: transport_protocol tls, raw_buffer).</summary>
    public bool? IsTls { get; init; }

    /// <summary>One of these is among the protocols that the client offers, or that was found in the bytes (Envoy: http/1.1, h2, h2c).</summary>
    public ValueList<string> ApplicationProtocols { get; init; } = [];

    public ValueList<IPNetwork> SourceRanges { get; init; } = [];

    public ValueList<int> SourcePorts { get; init; } = [];

    public bool IsEmpty => this == new FilterChainMatchConfig();
}
