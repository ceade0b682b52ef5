using Pillion.Core.Configuration.Reading;
using Pillion.Proxy.Configuration.Transport;

namespace Pillion.Proxy.Configuration.Native.Transport;

/// <summary><c>proxy_header: 10.0.0.0/8 | [ … ] | { from, required, versions }</c></summary>
internal static class ProxyHeaders
{
    /// <summary>Null where nothing is written.</summary>
    public static ProxyHeaderConfig? Read(ConfigValue value)
    {
        if (value.IsText || value.IsList)
        {
            return new() { From = value.AsValues(item => item.AsNetworkOrNull()) };
        }

        using var map = value.AsMap();
        var from = map.Required("from", "Networks and addresses of the load balancers that are believed: `10.0.0.0/8`, `10.1.2.3`, `fd00::/8`, or a list. `proxy_header: NETWORK` is short for this.");
        var networks = from.AsValues(item => item.AsNetworkOrNull());
        if (from.IsList && from.Count == 0)
        {
            from.Fail("is empty", "name the load balancers, such as 10.0.0.0/8");
        }

        var required = map.Optional("required", "Refuse a connection of theirs that comes without the header.").AsBool(true);
        var versions = map.Optional("versions", "Which versions are read.").AsTexts(item => item.AsNameOf(NativeNames.ProxyHeaderVersions, ""), ["v1", "v2"]);
        return !value.IsMap ? null : new()
        {
            From = networks,
            Optional = !required,
            AllowV1 = versions.Contains("v1"),
            AllowV2 = versions.Contains("v2"),
        };
    }
}
