using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;

namespace Pillion.Proxy.Configuration.Envoy;

/// <summary>load_assignment: the endpoints with their weights, of one priority and without localities.</summary>
internal static class EnvoyEndpoints
{
    public static ValueList<EndpointConfig> Read(ConfigValue value)
    {
        using var map = value.AsMap("ClusterLoadAssignment");
        _ = map.Optional("cluster_name").AsText();
        var groups = map.Optional("endpoints");
        var endpoints = groups.AsList(ReadGroup);
        return new([.. endpoints.SelectMany(group => group)]);
    }

    private static ValueList<EndpointConfig> ReadGroup(ConfigValue value)
    {
        using var map = value.AsMap();
        return map.Optional("lb_endpoints").AsList(ReadEndpoint);
    }

    private static EndpointConfig? ReadEndpoint(ConfigValue value)
    {
        using var map = value.AsMap();
        var weight = map.Optional("load_balancing_weight").AsInt(1, 1, 1_000_000);
        using var endpoint = map.Required("endpoint").AsMap();
        var address = EnvoyAddress.Read(endpoint.Required("address"), listening: false);
        return address is null ? null : new() { Address = address, Weight = weight, Source = value.Source };
    }
}
