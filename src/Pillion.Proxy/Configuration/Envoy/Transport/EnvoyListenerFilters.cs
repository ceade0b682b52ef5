using System.Net;
using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;
using Pillion.Proxy.Configuration.Transport;

namespace Pillion.Proxy.Configuration.Envoy.Transport;

/// <summary>listener_filters: what is looked at before a chain is chosen.</summary>
internal sealed record EnvoyListenerFilters
{
    private static readonly EnvoyExtension TlsInspector = new("TlsInspector", "envoy.filters.listener.tls_inspector", "envoy.listener.tls_inspector");
    private static readonly EnvoyExtension HttpInspector = new("HttpInspector", "envoy.filters.listener.http_inspector", "envoy.listener.http_inspector");
    private static readonly EnvoyExtension OriginalDst = new("OriginalDst", "envoy.filters.listener.original_dst", "envoy.listener.original_dst");
    private static readonly EnvoyExtension ProxyProtocol = new("ProxyProtocol", "envoy.filters.listener.proxy_protocol", "envoy.listener.proxy_protocol");

    private static readonly IPNetwork[] Everybody = [new(IPAddress.Any, 0), new(IPAddress.IPv6Any, 0)];

    public bool Tls { get; init; }

    public bool Http { get; init; }

    public bool OriginalDestination { get; init; }

    public ProxyHeaderConfig? ProxyHeader { get; init; }

    public static EnvoyListenerFilters Read(ConfigValue value)
    {
        var filters = new EnvoyListenerFilters();
        var read = value.AsList(item =>
        {
            using var map = item.AsMap();
            return EnvoyExtension.Read<EnvoyListenerFilters>(
                map,
                "a listener filter",
                (TlsInspector, _ => new() { Tls = true }),
                (HttpInspector, _ => new() { Http = true }),
                (OriginalDst, _ => new() { OriginalDestination = true }),
                (ProxyProtocol, settings => new() { ProxyHeader = ReadHeader(settings) }));
        });
        foreach (var one in read)
        {
            filters = new()
            {
                Tls = filters.Tls || one.Tls,
                Http = filters.Http || one.Http,
                OriginalDestination = filters.OriginalDestination || one.OriginalDestination,
                ProxyHeader = one.ProxyHeader ?? filters.ProxyHeader,
            };
        }

        return filters;
    }

    // Envoy believes whoever reaches the listener.
    private static ProxyHeaderConfig ReadHeader(ConfigMap map)
    {
        var disallowed = map.Optional("disallowed_versions");
        var refused = disallowed.AsValues<ProxyHeaderVersion>(item => item.AsOneOf(EnvoyNames.ProxyHeaderVersions, ProxyHeaderVersion.None));
        var header = new ProxyHeaderConfig
        {
            From = new(Everybody),
            Optional = map.Optional("allow_requests_without_proxy_protocol").AsBool(false),
            AllowV1 = !refused.Contains(ProxyHeaderVersion.V1),
            AllowV2 = !refused.Contains(ProxyHeaderVersion.V2),
        };
        if (header is { AllowV1: false, AllowV2: false })
        {
            disallowed.Fail("leaves no version", "allow V1 or V2");
        }

        return header;
    }
}
