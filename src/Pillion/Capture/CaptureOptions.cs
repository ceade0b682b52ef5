using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Roles;
using Pillion.Net;

namespace Pillion.Capture;

/// <summary>What is to be captured, and with which program.</summary>
internal sealed record CaptureOptions
{
    public required CaptureConfig Config { get; init; }

    /// <summary>Null: nftables where there is <c>nft</c>, else iptables.</summary>
    public string? Filter { get; init; }

    /// <summary>Ports of the sidecar besides those that are redirected to, such as the admin port: never captured.</summary>
    public ValueList<int> OwnPorts { get; init; } = [];

    /// <summary>What a file asks for, around an admin port.</summary>
    public static CaptureOptions Of(CaptureConfig config, Address admin) => new() { Config = config, OwnPorts = admin.IsUnix ? [] : [admin.Port] };

    /// <summary>Inbound ports that stay as they are: the sidecar's own, and those that were excluded.</summary>
    public IEnumerable<PortRange> UntouchedInboundPorts =>
        [.. OwnPorts.Append(Config.InboundPort).Append(Config.OutboundPort).Where(port => port != 0).Distinct().Order().Select(port => new PortRange(port, port)),
            .. Config.ExcludeInboundPorts];
}
