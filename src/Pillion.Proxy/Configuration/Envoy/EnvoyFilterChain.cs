using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;
using Pillion.Proxy.Configuration.Envoy.Transport;
using Pillion.Proxy.Configuration.Tcp;
using Pillion.Proxy.Configuration.Transport;

namespace Pillion.Proxy.Configuration.Envoy;

/// <summary>A filter chain: what it takes, TLS or not, and the filter that ends it.</summary>
internal static class EnvoyFilterChain
{
    private static readonly EnvoyExtension ConnectionManager =
        new("HttpConnectionManager", "envoy.filters.network.http_connection_manager", "envoy.http_connection_manager") { NeedsSettings = true };

    private static readonly EnvoyExtension TcpProxy = new("TcpProxy", "envoy.filters.network.tcp_proxy", "envoy.tcp_proxy") { NeedsSettings = true };
    private static readonly EnvoyExtension ConnectionLimit = new("ConnectionLimit", "envoy.filters.network.connection_limit") { NeedsSettings = true };

    /// <param name="limit">Takes the limit of a connection limit filter, with the place it stands at.</param>
    public static FilterChainConfig? Read(ConfigValue value, string fallbackName, EnvoyScope scope, Action<int, ConfigValue> limit)
    {
        using var map = value.AsMap("FilterChain");
        var name = map.Optional("name").AsText();
        var match = EnvoyChainMatch.Read(map.Optional("filter_chain_match"));
        var tls = EnvoyDownstreamTls.Read(map.Optional("transport_socket"));
        var handshake = map.Optional("transport_socket_connect_timeout").AsDuration(new DownstreamTlsConfig().HandshakeTimeout, TimeSpan.FromMilliseconds(1));
        map.Refuse("tls_context", "is of the v2 API", "use transport_socket: { name: envoy.transport_sockets.tls, typed_config: { \"@type\": …DownstreamTlsContext, common_tls_context: … } }");
        map.Refuse("use_proxy_proto", "is of the v2 API", "add envoy.filters.listener.proxy_protocol to the listener's listener_filters");
        var filters = map.Required("filters");
        var read = filters.AsList(item => ReadFilter(item, scope, limit));
        if (filters.IsList && filters.Count == 0)
        {
            filters.Fail("has no filter", $"end it with {ConnectionManager.Name} or {TcpProxy.Name}");
        }

        CheckOrder(filters, read);
        return read.Count == 0 ? null : new()
        {
            Name = name.Length > 0 ? name : fallbackName,
            Match = match,
            Tls = tls is null ? null : tls with { HandshakeTimeout = handshake },
            Http = read[^1].Http,
            Tcp = read[^1].Tcp,
            Source = value.Source,
        };
    }

    private static void CheckOrder(ConfigValue filters, ValueList<Filter> read)
    {
        if (read.Count != filters.Count)
        {
            return;
        }

        if (read.Count > 0 && read[^1].IsLimit)
        {
            filters.Fail("ends with a limit", $"end it with {ConnectionManager.Name} or {TcpProxy.Name}");
        }
        else if (read.Count(filter => !filter.IsLimit) > 1)
        {
            filters.Fail($"has {read.Count(filter => !filter.IsLimit)} filters that end it", $"keep one of {ConnectionManager.Name} and {TcpProxy.Name}");
        }
    }

    private static Filter? ReadFilter(ConfigValue value, EnvoyScope scope, Action<int, ConfigValue> limit)
    {
        using var map = value.AsMap();
        return EnvoyExtension.Read<Filter>(
            map,
            "a network filter",
            (ConnectionManager, settings => new(EnvoyConnectionManager.Read(settings, scope), null)),
            (TcpProxy, settings => new(null, EnvoyTcpProxy.Read(settings, scope))),
            (ConnectionLimit, settings => ReadLimit(settings, limit)));
    }

    private static Filter ReadLimit(ConfigMap map, Action<int, ConfigValue> limit)
    {
        _ = map.Required("stat_prefix").AsText();
        var most = map.Required("max_connections");
        limit(most.AsInt(0, 1), most);
        return new(null, null);
    }

    private sealed record Filter(HttpConfig? Http, TcpConfig? Tcp)
    {
        public bool IsLimit => Http is null && Tcp is null;
    }
}
