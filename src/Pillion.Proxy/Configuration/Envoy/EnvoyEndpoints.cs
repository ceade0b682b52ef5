using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;
using Pillion.Proxy.Configuration.Balancing;

namespace Pillion.Proxy.Configuration.Envoy;

/// <summary>load_assignment: the endpoints by priority and locality, with their weights and labels.</summary>
internal static class EnvoyEndpoints
{
    /// <param name="overprovisioning">In per cent.</param>
    public static ValueList<EndpointConfig> Read(ConfigValue value, out int overprovisioning)
    {
        using var map = value.AsMap("ClusterLoadAssignment");
        _ = map.Optional("cluster_name").AsText();
        using (var policy = map.Optional("policy").AsMap())
        {
            overprovisioning = policy.Optional("overprovisioning_factor").AsInt(BalancingConfig.Usual.OverprovisioningPercent, 1, 1_000_000);
        }

        var groups = map.Optional("endpoints");
        var endpoints = groups.AsList(ReadGroup);
        return new([.. endpoints.SelectMany(group => group)]);
    }

    private static ValueList<EndpointConfig> ReadGroup(ConfigValue value)
    {
        using var map = value.AsMap("LocalityLbEndpoints");
        var locality = EnvoyLocality.Read(map.Optional("locality"));
        var priority = map.Optional("priority").AsInt(0, 0, 128);
        var weight = map.Optional("load_balancing_weight").AsInt(0, 1);
        var labels = EnvoyMetadata.Read(map.Optional("metadata"));
        return new([.. map.Optional("lb_endpoints").AsList(ReadEndpoint)
            .Select(endpoint => endpoint with { Locality = locality, Priority = priority, LocalityWeight = weight, Labels = labels.With(endpoint.Labels) })]);
    }

    private static EndpointConfig? ReadEndpoint(ConfigValue value)
    {
        using var map = value.AsMap();
        var weight = map.Optional("load_balancing_weight").AsInt(1, 1, 1_000_000);
        var labels = EnvoyMetadata.Read(map.Optional("metadata"));
        using var endpoint = map.Required("endpoint").AsMap();
        var address = EnvoyAddress.Read(endpoint.Required("address"), listening: false);
        return address is null ? null : new() { Address = address, Weight = weight, Labels = labels, Source = value.Source };
    }
}
