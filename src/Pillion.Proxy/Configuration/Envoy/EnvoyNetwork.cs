using System.Net;
using Pillion.Core.Configuration.Reading;

namespace Pillion.Proxy.Configuration.Envoy;

/// <summary><c>{ address_prefix, prefix_len }</c>; as in Envoy, bits behind the prefix do not matter and no length is 0.</summary>
internal static class EnvoyNetwork
{
    public static IPNetwork? Read(ConfigValue value)
    {
        using var map = value.AsMap("CidrRange");
        var length = map.Optional("prefix_len");
        var prefix = map.Required("address_prefix").AsTextOrNull("IP address", text => NetworkText.TryParseAddress(text, out _), "use an IP address such as 10.0.0.0");
        if (prefix is null || !NetworkText.TryParseAddress(prefix, out var address))
        {
            _ = length.AsInt(0, 0, 128);
            return null;
        }

        return NetworkText.Mask(address, length.AsInt(0, 0, NetworkText.BitsOf(address)));
    }
}
