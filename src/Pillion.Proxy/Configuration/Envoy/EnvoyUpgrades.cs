using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;
using Pillion.Proxy.Configuration.Reading;

namespace Pillion.Proxy.Configuration.Envoy;

/// <summary>Envoy's upgrade_configs: the protocols, and CONNECT, which Envoy counts among them.</summary>
internal sealed record EnvoyUpgrades(ValueList<string> Protocols, bool Connect, bool TerminateConnect)
{
    public static readonly EnvoyUpgrades None = new([], false, false);

    public static EnvoyUpgrades Read(ConfigValue value, EnvoyUpgrades inherited, bool allowConnectConfig)
    {
        var protocols = inherited.Protocols.ToList();
        var connect = inherited.Connect;
        var terminate = inherited.TerminateConnect;
        _ = value.AsList(item =>
        {
            using var map = item.AsMap("UpgradeConfig");
            var type = map.Required("upgrade_type").AsText("upgrade", HttpText.IsToken, "use a token such as websocket").ToLowerInvariant();
            var enabled = map.Optional("enabled").AsBool(true);
            if (allowConnectConfig && map.Optional("connect_config") is { Exists: true } ends)
            {
                ends.AsMap().Dispose();
                terminate = true;
            }

            if (type == "connect")
            {
                connect = enabled;
                return type;
            }

            protocols.Remove(type);
            if (enabled && type.Length > 0)
            {
                protocols.Add(type);
            }

            return type;
        });
        return value.Exists ? new(new([.. protocols]), connect, terminate) : inherited;
    }
}
