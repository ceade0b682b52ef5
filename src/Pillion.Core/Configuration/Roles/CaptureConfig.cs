using System.Globalization;
using System.Net;
using Pillion.Core.Configuration.Reading;

namespace Pillion.Core.Configuration.Roles;

/// <summary>Which connections of this machine (or pod) the kernel redirects to the sidecar, so that neither side has to know of it.</summary>
internal sealed record CaptureConfig
{
    /// <summary>0: outbound connections are left alone.</summary>
    public int OutboundPort { get; init; } = 15001;

    public int InboundPort { get; init; } = 15006;

    /// <summary>Ports of the application; empty leaves inbound connections alone.</summary>
    public ValueList<PortRange> InboundPorts { get; init; } = [];

    /// <summary>DNS over TCP by default: names have to be resolved while the sidecar starts.</summary>
    public ValueList<PortRange> ExcludeOutboundPorts { get; init; } = [new PortRange(53, 53)];

    public ValueList<IPNetwork> ExcludeOutboundCidrs { get; init; } = [];

    public ValueList<PortRange> ExcludeInboundPorts { get; init; } = [];

    /// <summary>Users whose connections are left alone.</summary>
    public ValueList<uint> ExcludeUids { get; init; } = [];

    /// <summary>The only users whose connections are captured; empty is all.</summary>
    public ValueList<uint> OnlyUids { get; init; } = [];

    /// <summary>The mark (SO_MARK) by which the sidecar's own connections are known; 0 is none.</summary>
    public int Mark { get; init; } = 0x50;

    /// <summary>The sidecar's user, by which its connections are known where it may not mark them.</summary>
    public uint? Uid { get; init; }

    public bool Ipv6 { get; init; } = true;

    public SourceLine Source { get; init; }

    /// <summary>What is wrong between the settings; null when nothing is.</summary>
    public (string Problem, string Remedy)? Mistake =>
        OutboundPort == 0 && InboundPorts.Count == 0 ? ("has nothing to capture", "give inbound ports, or an outbound port other than 0") :
        Uid == 0 ? ("would let every process of root pass by", "give the sidecar a user of its own") :
        Mark == 0 && Uid is null && OutboundPort != 0 ? ("cannot tell the sidecar's connections from its application's", "give a mark or the sidecar's uid") :
        OutboundPort == InboundPort ? ("has one port for both directions", "give each its own") :
        InboundPorts.Any(ports => ports != PortRange.All && (ports.Contains(InboundPort) || ports.Contains(OutboundPort)))
            ? ("would capture the sidecar's own port", "leave it out of the inbound ports") :
        null;

    public static bool TryParseMark(string text, out int mark) =>
        text.StartsWith("0x", StringComparison.OrdinalIgnoreCase)
            ? int.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out mark) && mark >= 0
            : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out mark);

    // The highest number means "no user" to the kernel.
    public static bool TryParseUid(string text, out uint uid) =>
        uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out uid) && uid < uint.MaxValue;

    /// <summary>Null when nothing was written.</summary>
    public static CaptureConfig? Read(ConfigValue value)
    {
        var defaults = new CaptureConfig();
        using var map = value.AsMap();
        var excluded = map.Optional("exclude_outbound_ports", "Ports of other machines that are connected to directly; 53 (DNS over TCP) when absent.");
        var config = new CaptureConfig
        {
            OutboundPort = map.Optional("outbound_port", "Where outbound connections are redirected to; 0 leaves them alone.").AsInt(defaults.OutboundPort, 0, ushort.MaxValue),
            InboundPort = map.Optional("inbound_port", "Where inbound connections are redirected to.").AsInt(defaults.InboundPort, 1, ushort.MaxValue),
            InboundPorts = PortRange.ReadList(map.Optional("inbound_ports", "Ports of the application that are captured, or `all`; none when absent."), orAll: true),
            ExcludeOutboundPorts = excluded.Exists || value.IsDescribing ? PortRange.ReadList(excluded) : defaults.ExcludeOutboundPorts,
            ExcludeOutboundCidrs = ReadNetworks(map.Optional("exclude_outbound_cidrs", "Networks that are connected to directly.")),
            ExcludeInboundPorts = PortRange.ReadList(map.Optional("exclude_inbound_ports", "Ports that stay as they are where `inbound_ports` has them.")),
            ExcludeUids = ReadUids(map.Optional("exclude_uids", "Users, by number, whose connections are left alone.")),
            OnlyUids = ReadUids(map.Optional("only_uids", "The only users whose connections are captured; all when absent.")),
            Mark = ReadMark(map.Optional("mark", "The mark of the sidecar's own connections, which are never captured; 0 is none."), defaults.Mark),
            Uid = ReadUid(map.Optional("uid", "The sidecar's user, for where it may not mark its connections (no CAP_NET_ADMIN).")),
            Ipv6 = map.Optional("ipv6", "Capture IPv6 as well.").AsBool(defaults.Ipv6),
            Source = value.Source,
        };
        if (value.IsMap && config.Mistake is var (problem, remedy))
        {
            map.Fail(problem, remedy);
        }

        return value.IsMap ? config : null;
    }

    private static ValueList<IPNetwork> ReadNetworks(ConfigValue value)
    {
        var networks = new List<IPNetwork>();
        _ = value.AsTexts(item =>
        {
            if (item.AsTextOrNull() is not { } text)
            {
                return null;
            }

            if (NetworkText.TryParse(text, out var network, out var problem, out var remedy))
            {
                networks.Add(network);
            }
            else
            {
                item.FailText(problem, remedy);
            }

            return text;
        });
        return [.. networks];
    }

    private static ValueList<uint> ReadUids(ConfigValue value)
    {
        var uids = new List<uint>();
        _ = value.AsTexts(item =>
        {
            if (ReadUid(item) is { } uid)
            {
                uids.Add(uid);
            }

            return null;
        });
        return [.. uids];
    }

    private static uint? ReadUid(ConfigValue value) =>
        value.AsTextOrNull("number of a user", text => TryParseUid(text, out _), "use a uid such as 1337") is { } text && TryParseUid(text, out var uid) ? uid : null;

    private static int ReadMark(ConfigValue value, int fallback) =>
        value.AsText("mark", text => TryParseMark(text, out _), "use a number such as 0x50", $"0x{fallback:x}") is var text && TryParseMark(text, out var mark) ? mark : fallback;
}
