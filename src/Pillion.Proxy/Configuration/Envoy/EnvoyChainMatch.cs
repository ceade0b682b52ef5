using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;
using Pillion.Proxy.Configuration.Reading;

namespace Pillion.Proxy.Configuration.Envoy;

/// <summary>filter_chain_match: which connections a chain takes.</summary>
internal static class EnvoyChainMatch
{
    public static FilterChainMatchConfig Read(ConfigValue value)
    {
        using var map = value.AsMap("FilterChainMatch");
        var transport = map.Optional("transport_protocol").AsNameOf(EnvoyNames.TransportProtocols, "");
        return new()
        {
            DestinationPort = map.Optional("destination_port").AsIntOrNull(1, 65535),
            DestinationRanges = map.Optional("prefix_ranges").AsValues(EnvoyNetwork.Read),
            ServerNames = ReadNames(map.Optional("server_names")),
            IsTls = EnvoyNames.TransportProtocols.TryGet(transport, out var isTls) ? isTls : null,
            ApplicationProtocols = TlsNames.ReadProtocols(map.Optional("application_protocols")),
            SourceRanges = map.Optional("source_prefix_ranges").AsValues(EnvoyNetwork.Read),
            SourcePorts = map.Optional("source_ports").AsValues(item => item.AsIntOrNull(1, 65535)),
        };
    }

    private static ValueList<string> ReadNames(ConfigValue value) => value.AsList(item => ServerNameText.Read(item));
}
