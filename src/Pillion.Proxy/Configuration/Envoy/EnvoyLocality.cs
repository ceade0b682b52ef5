using Pillion.Core.Configuration.Reading;
using Pillion.Proxy.Configuration.Balancing;

namespace Pillion.Proxy.Configuration.Envoy;

/// <summary>Locality: region, zone and sub_zone.</summary>
internal static class EnvoyLocality
{
    public static Locality Read(ConfigValue value)
    {
        using var map = value.AsMap("Locality");
        var locality = new Locality(map.Optional("region").AsText(), map.Optional("zone").AsText(), map.Optional("sub_zone").AsText());
        return locality.IsKnown ? locality : Locality.Unknown;
    }
}
