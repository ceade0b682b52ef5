using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;
using Pillion.Proxy.Configuration.Balancing;

namespace Pillion.Proxy.Configuration.Native;

/// <summary><c>endpoints: [ dns://name:port, name:port, 10.0.0.1:80, unix:/path, { address, weight, priority, zone, labels } ]</c></summary>
internal static class Endpoints
{
    public static ValueList<EndpointConfig> Read(ConfigValue value)
    {
        if (value.IsText)
        {
            return ReadOne(value) is { } one ? [one] : [];
        }

        var endpoints = value.AsList(ReadOne);
        if (value.IsList && value.Count == 0)
        {
            value.Fail("is empty", "give at least one, such as dns://payments.internal:8080");
        }

        return endpoints;
    }

    private static EndpointConfig? ReadOne(ConfigValue value)
    {
        if (value.IsText)
        {
            return value.AsAddress(prefix: "dns://") is { } only ? new() { Address = only, Source = value.Source } : null;
        }

        using var map = value.AsMap("endpoint");
        var address = map.Required("address", "`dns://name:port`, `name:port`, `10.0.0.1:80`, `[v6]:80` or `unix:/path`. The address alone is short for this.").AsAddress(prefix: "dns://");
        var weight = map.Optional("weight", "Its share beside the other endpoints' weights.").AsInt(1, 1, 1_000_000);
        var priority = map.Optional("priority", "0 is used first; 1 when too few of 0 are healthy to bear all, and so on.").AsInt(0, 0, 127);
        var zone = map.Optional("zone", "Where it runs, for the `zones` of its service.").AsTextOrNull();
        var labels = Labels.Read(map.Optional("labels", "What routes may ask for by their `labels`, such as `version: v2`."));
        return address is null ? null : new() { Address = address, Weight = weight, Priority = priority, Locality = zone is null ? Locality.Unknown : new(Zone: zone), Labels = labels, Source = value.Source };
    }
}
