using Pillion.Proxy.Configuration;

namespace Pillion.Proxy.Listeners;

/// <summary>A filter chain as one configuration has it, compiled.</summary>
internal sealed class ChainSnapshot(FilterChainConfig config, HttpSnapshot? http)
{
    public FilterChainConfig Config { get; } = config;

    public string Name => Config.Name;

    public HttpSnapshot? Http { get; } = http;
}
