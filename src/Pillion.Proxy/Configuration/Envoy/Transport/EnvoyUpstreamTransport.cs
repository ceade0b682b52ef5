using Pillion.Core.Configuration.Reading;
using Pillion.Proxy.Configuration.Reading;
using Pillion.Proxy.Configuration.Transport;

namespace Pillion.Proxy.Configuration.Envoy.Transport;

/// <summary>The transport socket of a cluster: UpstreamTlsContext, a PROXY header before another socket, or bytes as they are.</summary>
internal sealed record EnvoyUpstreamTransport(UpstreamTlsConfig? Tls, ProxyHeaderVersion ProxyHeader)
{
    public static readonly EnvoyUpstreamTransport Plain = new(null, ProxyHeaderVersion.None);

    private static readonly EnvoyExtension TlsSocket = new("UpstreamTlsContext", "envoy.transport_sockets.tls", "tls") { NeedsSettings = true };
    private static readonly EnvoyExtension Raw = new("RawBuffer", "envoy.transport_sockets.raw_buffer", "raw_buffer");
    private static readonly EnvoyExtension Header = new("ProxyProtocolUpstreamTransport", "envoy.transport_sockets.upstream_proxy_protocol") { NeedsSettings = true };

    public static EnvoyUpstreamTransport Read(ConfigValue value)
    {
        using var map = value.AsMap("TransportSocket");
        return EnvoyExtension.Read<EnvoyUpstreamTransport>(map, "a transport socket", (TlsSocket, ReadContext), (Raw, _ => Plain), (Header, ReadHeader)) ?? Plain;
    }

    private static EnvoyUpstreamTransport ReadContext(ConfigMap map)
    {
        var common = map.Optional("common_tls_context");
        var read = EnvoyCommonTls.Read(common);
        var name = map.Optional("sni");
        var automatic = map.Optional("auto_host_sni");
        var verify = map.Optional("auto_sni_san_validation");
        var sessions = map.Optional("max_session_keys");
        var tls = new UpstreamTlsConfig
        {
            Certificate = read.Certificates.FirstOrDefault(),
            ServerName = name.AsTextOrNull("server name", text => text.Length <= 255 && AddressText.IsHost(text), "use a host name"),
            VerifyServerName = verify.AsBool(false),
            Trust = read.Trust,
            Resumption = sessions.AsInt(1) > 0,
            ApplicationProtocols = read.ApplicationProtocols,
            MinVersion = read.MinVersion == 0 ? 12 : read.MinVersion,
            MaxVersion = read.MaxVersion == 0 ? 13 : read.MaxVersion,
            CipherSuites = read.CipherSuites,
            Groups = read.Groups,
            Source = map.Source,
        };
        if (automatic.AsBool(false))
        {
            // Without a name of its own an endpoint is asked by the one that stands in its place.
            tls = tls with { ServerName = null };
        }

        if (read.Certificates.Count > 1)
        {
            common.Fail($"has {read.Certificates.Count} certificates", "a client shows one");
        }

        if (tls is { VerifyServerName: true, Trust: null })
        {
            verify.Fail("verifies the name of a certificate that nothing verifies", "give common_tls_context.validation_context.trusted_ca");
        }

        if (tls is { VerifyServerName: true, Trust.Names.Count: > 0 })
        {
            verify.Fail("stands beside match_typed_subject_alt_names, which it would replace", "give one of the two");
        }

        return new(tls, ProxyHeaderVersion.None);
    }

    private static EnvoyUpstreamTransport ReadHeader(ConfigMap map)
    {
        using var config = map.Optional("config").AsMap();
        var version = config.Optional("version").AsOneOf(EnvoyNames.ProxyHeaderVersions, ProxyHeaderVersion.V1);
        var inner = map.Required("transport_socket");

        // The reference describes a socket once; it would otherwise never end.
        var socket = map.IsDescribing ? Described(inner) : Read(inner);
        if (socket.ProxyHeader != ProxyHeaderVersion.None)
        {
            inner.Fail("sends a second PROXY header", "use envoy.transport_sockets.tls or envoy.transport_sockets.raw_buffer");
        }

        return socket with { ProxyHeader = version };
    }

    private static EnvoyUpstreamTransport Described(ConfigValue value)
    {
        value.AsMap("TransportSocket").Dispose();
        return Plain;
    }
}
