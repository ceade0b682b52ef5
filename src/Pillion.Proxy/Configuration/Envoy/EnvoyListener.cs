using Pillion.Core.Configuration.Reading;

namespace Pillion.Proxy.Configuration.Envoy;

/// <summary>A listener with one filter chain that holds the HTTP connection manager.</summary>
internal static class EnvoyListener
{
    private static readonly EnvoyExtension ConnectionManager =
        new("HttpConnectionManager", "envoy.filters.network.http_connection_manager", "envoy.http_connection_manager");

    public static ListenerConfig? Read(ConfigValue value, EnvoyScope scope)
    {
        using var map = value.AsMap("Listener");
        var name = scope.Listener(map.Optional("name"));
        var address = EnvoyAddress.Read(map.Required("address"), listening: true);
        var direction = map.Optional("traffic_direction").AsOneOf(EnvoyNames.Directions, TrafficDirection.Unspecified);
        var reusePort = map.Optional("enable_reuse_port");
        if (!reusePort.AsBool(true))
        {
            reusePort.Fail("every loop listens on its own socket", "remove it");
        }

        var chains = map.Required("filter_chains");
        var read = chains.AsList(item => ReadChain(item, scope));
        if (chains.IsList && chains.Count != 1)
        {
            chains.Fail($"has {chains.Count} filter chains", "one is supported, for all connections");
        }

        return address is null || read.Count == 0 ? null : new()
        {
            Name = name.Length > 0 ? name : address.ToString(),
            Address = address,
            Direction = direction,
            Chains = [new() { Name = "0", Http = read[0], Source = chains.Source }],
            Source = value.Source,
        };
    }

    private static HttpConfig? ReadChain(ConfigValue value, EnvoyScope scope)
    {
        using var map = value.AsMap();
        _ = map.Optional("name").AsText();
        var filters = map.Required("filters");
        var read = filters.AsList(item => ReadFilter(item, scope));
        if (filters.IsList && filters.Count != 1)
        {
            filters.Fail($"has {filters.Count} filters", "one is supported, the HTTP connection manager");
        }

        return read.Count == 0 ? null : read[0];
    }

    private static HttpConfig? ReadFilter(ConfigValue value, EnvoyScope scope)
    {
        using var map = value.AsMap();
        var (kind, settings) = EnvoyExtension.Open(map, "a network filter", ConnectionManager);
        using (settings)
        {
            return kind is null ? null : EnvoyConnectionManager.Read(settings!, scope);
        }
    }
}
