using System.Net;
using Pillion.Core.Configuration;

namespace Pillion.Proxy.Configuration.Transport;

/// <summary>Who may send a PROXY header, version 1 or 2, and who must.</summary>
internal sealed record ProxyHeaderConfig
{
    /// <summary>Peers that are believed; a header from anybody else is not read, and no protocol that we speak starts like one. Empty is nobody.</summary>
    public ValueList<IPNetwork> From { get; init; } = [];

    /// <summary>A peer that is believed may also come without one (Envoy: allow_requests_without_proxy_protocol).</summary>
    public bool Optional { get; init; }

    public bool AllowV1 { get; init; } = true;

    public bool AllowV2 { get; init; } = true;
}

/// <summary>The version of a PROXY header that is sent to an upstream (Envoy: ProxyProtocolConfig.version).</summary>
internal enum ProxyHeaderVersion
{
    None,
    V1,
    V2,
}
