using Pillion.Proxy.Configuration;
using Pillion.Proxy.Tcp;
using Pillion.Proxy.Transport;

namespace Pillion.Proxy.Listeners;

/// <summary>A filter chain as one configuration has it, compiled.</summary>
internal sealed class ChainSnapshot(FilterChainConfig config, DownstreamTls? tls, HttpSnapshot? http, TcpSnapshot? tcp)
{
    public FilterChainConfig Config { get; } = config;

    public string Name => Config.Name;

    /// <summary>TLS is taken off first; null where there is none.</summary>
    public DownstreamTls? Tls { get; } = tls;

    public HttpSnapshot? Http { get; } = http;

    public TcpSnapshot? Tcp { get; } = tcp;
}
